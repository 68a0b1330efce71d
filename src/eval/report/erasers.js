// What the erasers themselves are: per layer the gate's scores and how much the
// subspaces explain, and how similar concepts are to each other.

function scorePlot(concept, points) {
  const values = (key) => concept.by_layer.map((layer) => layer[key] ?? null);
  const series = [
    {name: 'target, mean ± deviation', style: SERIES[1], values: values('target_mean'), spread: values('target_std')},
    {name: 'anchors, mean ± deviation', style: SERIES[0], values: values('anchor_mean'), spread: values('anchor_std')},
    {name: 'threshold', style: {color: 'var(--ink)', mark: 'level', dash: ''}, values: values('center')},
  ].filter((one) => one.values.some(isNumber));
  if (series.length === 0) return null;
  return linePlot({
    title: `Gate scores of ${shorten(concept.name, 60)}`, note: 'the gate opens for tokens above the threshold',
    points, series, xLabel: 'layer', yLabel: 'score',
  });
}

function explainedPlot(concept, points) {
  const series = [
    ['map', 'explained_map', concept.rank_map], ['target', 'explained_target', concept.rank_target],
    ['gate', 'explained_gate', concept.rank_gate],
  ].map(([name, key, rank], i) => ({
    name: isNumber(rank) ? `${name}, rank ${rank}` : name, style: seriesStyle(i + 2),
    values: concept.by_layer.map((layer) => layer[key] ?? null),
  })).filter((one) => one.values.some(isNumber));
  if (series.length === 0) return null;
  return linePlot({
    title: `Explained variance of ${shorten(concept.name, 60)}`, note: 'share that the kept directions hold',
    points, series, xLabel: 'layer', yLabel: 'explained', format: percent, low: 0, high: 1,
  });
}

function eraserSettings(concept) {
  const words = (list) => list?.length ? list.join(' · ') : null;
  const ranks = ['map', 'target', 'gate'].filter((part) => isNumber(concept[`rank_${part}`]));
  const facts = [
    ['Ranks', words(ranks.map((part) => `${part} ${concept[`rank_${part}`]}`))],
    ['τ', setting(concept.tau)], ['η', setting(concept.eta)],
    ['Anchors', words(concept.anchors)], ['Mapping', words(concept.mapping)], ['Surrogate', words(concept.surrogate)],
  ].filter(([, value]) => value !== null);
  return el('dl', {class: 'card facts-list'},
    facts.map(([key, value]) => [el('dt', {}, key), el('dd', {dir: 'auto'}, value)]));
}

function erasersSection() {
  const erasers = report.erasers;
  const concepts = erasers?.concepts ?? [];
  const similarity = similarityParts(erasers?.similarity);
  if (concepts.length === 0 && !similarity) return null;
  const short = shortLayers(erasers.layers ?? []);
  const points = (erasers.layers ?? []).map((name, i) => ({name, short: short[i]}));
  const plots = el('div', {class: 'columns'});
  const draw = (index) => {
    const concept = concepts[Number(index)];
    const hasLayers = concept.by_layer?.length === points.length && points.length > 0;
    plots.replaceChildren(...[
      hasLayers ? scorePlot(concept, points) : null,
      hasLayers ? explainedPlot(concept, points) : null,
      eraserSettings(concept),
    ].filter(Boolean));
  };
  if (concepts.length > 0) draw(0);
  return el('section', {id: 'erasers', 'aria-labelledby': 'erasers-title'},
    el('h2', {id: 'erasers-title'}, 'Erasers'),
    concepts.length > 0 ? el('div', {class: 'filters'}, labelled('Concept',
      select(concepts.map((concept, i) => [i, shorten(concept.name, 40)]), 0, draw))) : null,
    plots, similarity);
}
