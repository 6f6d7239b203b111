// What the page shows and trains: a run of the sweep, or a network that was made in the page.
//
//   name         in words                          network      the recorded parameters, or null
//   data         as Sweep.data() gives them        run          the recorded run, or null
//   how          the settings for Training         recorded     its curve; empty if there is none
//   iterations   of the whole training             recordEvery  iterations between two records
//   isTrainable  whether there is a network at all  retrains     whether its training can be repeated here

/** A run of the sweep; data, how or network are null if the page does not include them. */
export function subjectOf(sweep, configuration, run) {
  const data = sweep.data(configuration, run?.run);
  const { iterations, record_every: recordEvery } = sweep.howLong(configuration);
  return {
    name: sweep.words(configuration),
    data,
    how: sweep.training(configuration, run?.seed ?? 0),
    run,
    isTrainable: run !== null,
    recorded: run ? sweep.curve(run.run) : [],
    network: run && data ? sweep.network(run.run, data.feature_names.length) : null,
    iterations,
    recordEvery,
    retrains: sweep.settings.patience === undefined, // the page knows nothing of early stopping
  };
}
