// Whether a configuration is tied with the best, in sentences, and why where that surprises.

import { countOf, grouped } from "./words.js";

export function standingOf(sweep, c) {
  const of = (name, configuration = c) => sweep.number(name, configuration);
  const [tied, rank] = [of("tied_with_best"), of("rank_test")];
  if (rank === null) return "No run of it finished.";
  if (tied === null || !("difference_ci_low" in sweep.columns)) return "";
  const peers = Array.from(sweep.problemOf.keys()).filter(
    (each) => sweep.problemOf[each] === sweep.problemOf[c] && of("rank_test", each) !== null,
  );
  const having = (isTied, sign) =>
    peers.filter((each) => of("tied_with_best", each) === isTied && sign * (of("rank_test", each) - rank) > 0).length;
  const { difference, differences } = sweep.judging;
  const by = (name) => `${difference(of(name))}${differences ? ` ${differences}` : ""}`;
  if (rank === 1) {
    const others = peers.filter((each) => of("tied_with_best", each) === 1).length - 1;
    if (peers.length === 1) return "";
    return others === 0
      ? "The best mean; no other configuration is tied with it."
      : `The best mean. ${countOf(others, "other configuration")} ${others === 1 ? "is" : "are"} tied with it: the seeds cannot tell which of them is truly best.`;
  }
  if (tied) {
    const said = `Tied with the best: its mean is worse by ${by("difference_to_best")}, but the seeds cannot tell which of the two is truly better.`;
    const better = having(0, -1);
    if (better === 0) return said;
    return `${said} ${countOf(better, "configuration")} with a better mean ${better === 1 ? "is" : "are"} not tied. The reason: ${seedsApart(sweep, c)}, so its mean is uncertain.`;
  }
  const least = of("difference_ci_low");
  const said = least > 0
    ? `Not tied with the best: the truly best configuration is better by at least ${by("difference_ci_low")} (95 % confidence).`
    : "Not tied with the best.";
  const worse = having(1, 1);
  if (worse === 0) return said;
  return `${said} ${countOf(worse, "configuration")} with a worse mean ${worse === 1 ? "is" : "are"} tied all the same: ${worse === 1 ? "its seeds differ more, so its mean is" : "their seeds differ more, so their means are"} uncertain.`;
}

/** How much the seeds of a configuration differ. */
function seedsApart(sweep, c) {
  const values = sweep.runsOf(c).map(({ judged }) => judged).filter((value) => value !== null);
  const { number, text } = sweep.judging;
  const range = `its seeds lie between ${number(Math.min(...values))} and ${text(Math.max(...values))}`;
  const stuck = sweep.number("n_stuck", c);
  return stuck > 0 ? `${countOf(stuck, "seed")} learned nothing, and ${range}` : range;
}
