// The recorded results of the chosen configuration: statistics, curves and seeds.

import { definitions, element, option, say } from "./elements.js";
import { explainIn } from "./glossary.js";
import { standingOf } from "./standing.js";
import { clipped, grouped, some, span, titled } from "./words.js";

const MOST_LINES = 100; // of seeds in a chart

export class Recorded {
  constructor(charts, sweep, choice) {
    Object.assign(this, { charts, sweep, choice });
  }

  /** The configuration that was chosen, and its seeds. */
  drawConfiguration(median) {
    const { choice, sweep } = this;
    say("recorded-name", sweep.words(choice.configuration));
    element("chosen-statistics").replaceChildren(...definitions(this.statistics()));
    say("chosen-standing", standingOf(sweep, choice.configuration));
    for (const id of ["chosen-statistics", "chosen-standing"]) explainIn(element(id));
    const select = element("seed");
    const name = ({ run, name }) => (run === median?.run ? `${name} (median)` : name);
    select.replaceChildren(...choice.runs.map((run) => option(run.run, name(run))));
    select.disabled = choice.runs.length === 0;
  }

  /** Nothing was recorded of the network that is shown. */
  drawNone() {
    const { cost, accuracy, seeds } = this.charts;
    say("recorded-name", "nothing, since this network is not in the sweep");
    say("curves-said", "");
    element("chosen-statistics").replaceChildren();
    for (const chart of [cost, accuracy]) chart.update({ curves: [] });
    seeds.update({ seeds: [], mean: [] });
  }

  statistics() {
    const of = (name) => this.sweep.number(name, this.choice.configuration);
    const { judging, counted, folds } = this.sweep;
    const [low, high] = [of("ci_low_test"), of("ci_high_test")];
    const pairs = [[`mean test ${judging.name}`, judging.text(of("mean_test"))]];
    pairs.push(["95 % interval", low === null ? "not available with one seed" : span(low, high, judging)]);
    const tied = of("tied_with_best");
    const rank = of("rank_test");
    if (rank !== null) pairs.push(["rank", `${grouped(rank)}${tied ? (rank === 1 ? "" : ", tied with the best") : ""}`]);
    const seeds = [`${grouped(of("n_replicates") ?? of("n_seeds"))}`];
    for (const what of counted) {
      if (of(`n_${what}`) > 0) seeds.push(`${grouped(of(`n_${what}`))} ${what}`);
    }
    pairs.push([folds ? "folds and seeds" : "seeds", seeds.join(", ")]);
    return pairs;
  }

  /** Charts of the runs of the chosen configuration. */
  drawRuns() {
    const { charts, choice, sweep } = this;
    const runs = sweep.runsOf(choice.configuration);
    const records = runs.map(({ run }) => ({ run, curve: sweep.curve(run) })).filter(({ curve }) => curve.length);
    const isChosen = ({ run }) => run === choice.run?.run;
    const lines = [...some(records.filter((record) => !isChosen(record)), MOST_LINES), ...records.filter(isChosen)];
    const rows = lines.flatMap(({ run, curve }) => {
      const kind = isChosen({ run }) ? "chosen seed" : "each seed";
      return curve.map((record) => curveRow(record, run, kind));
    });
    const median = medians(records.map(({ curve }) => curve)).map((record) => curveRow(record, -1, "median"));
    charts.cost.update({ curves: [...rows, ...median] });
    charts.accuracy.update({ curves: [...rows, ...median] });
    say("curves-said", curvesSaid(lines.length, records.length, runs.length));
    this.drawSeeds();
  }

  drawSeeds() {
    const { choice, sweep } = this;
    const of = (name) => sweep.number(name, choice.configuration);
    const [mean, low, high] = ["mean_test", "ci_low_test", "ci_high_test"].map(of);
    const { limits } = sweep.judging;
    const end = (value) => sweep.shown(clipped(value, limits));
    const at = sweep.shown(mean);
    const band = low === null ? { low: at, high: at } : { low: end(low), high: end(high) };
    this.charts.seeds.update(
      {
        seeds: choice.runs
          .filter(({ judged }) => judged !== null)
          .map(({ run, name, judged }) => ({ run, seed: name, test: judged, text: sweep.judging.text(judged), at: sweep.shown(judged) })),
        mean: mean === null ? [] : [{ mean: at, ...band }],
      },
      { chosen: choice.run?.run ?? -1 },
    );
  }
}

/** The titles of the charts of curves, by the points on which they are measured. */
export function measureWords(scoring) {
  const on = { test: "test", train: "training" };
  return {
    $measure: titled(`${on[element("measure").value]} ${scoring.name}`, scoring),
    $cost: element("measure-cost").value === "test" ? "test cost" : "cost",
  };
}

/** A record in the form of the curve charts, for the chosen kind of points. */
export function curveRow(record, run, kind) {
  const itsCost = element("measure-cost").value === "test" ? record.test_cost : record.cost;
  return { iteration: record.iteration, cost: itsCost, accuracy: record[element("measure").value], run, kind };
}

function curvesSaid(lines, held, runs) {
  if (held === 0) return "This page does not include the curves of this configuration; see curves.csv.";
  const ofHeld = held < runs ? `This page includes the curves of ${grouped(held)} of ${grouped(runs)} seeds; the median is over these. ` : "";
  return ofHeld + (lines < held ? `${grouped(lines)} of them are drawn.` : "");
}

/** The median of each record over the seeds that have it. */
function medians(curves) {
  const longest = curves.reduce((a, b) => (b.length > a.length ? b : a), []);
  const median = (values) => {
    const order = values.filter((value) => value !== null).sort((a, b) => a - b);
    const half = order.length >> 1;
    return order.length === 0 ? null : order.length % 2 ? order[half] : (order[half - 1] + order[half]) / 2;
  };
  return longest.map(({ iteration }, k) => {
    const here = curves.filter((curve) => curve.length > k).map((curve) => curve[k]);
    const of = (name) => median(here.map((record) => record[name]));
    return { iteration, cost: of("cost"), train: of("train"), test: of("test"), test_cost: of("test_cost") };
  });
}
