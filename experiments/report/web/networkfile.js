// The network that is shown, as plain data that any language reads: docs/page.md describes every entry.

const NETWORK_FORMAT = { format: "planar-sweep network", version: 1 };

/** The network of a view, with its setting and its data, for JSON. Its parameters and data must be on the page. */
export function networkFile(view, setting) {
  const { subject, parameters } = view;
  const { data, how, run } = subject;
  const rows = (X) => X.map((row) => [...row]);
  const [state, iteration] = view.isStarted
    ? ["trained on the page", view.trainer.iteration]
    : subject.network ? ["recorded, rounded to float32", run.stopped ?? subject.iterations] : ["initial", 0];
  return {
    ...NETWORK_FORMAT,
    name: subject.name,
    setting,
    state,
    iteration,
    task: how.task,
    class_names: data.class_names,
    target: data.target,
    feature_names: data.feature_names,
    activation: how.activation,
    layers: parameters.map(({ W, b }) => ({ W: rows(W), b: [...b] })),
    data: { X: rows(data.X), Y: [...data.Y], X_test: rows(data.X_test), Y_test: [...data.Y_test] },
  };
}
