// Where and when gates open: by layer and by step, of concepts that were asked
// for and of those that were not.

// series  {name, style, layers, steps}
function gatePlots(title, series) {
  const {layers, steps} = report.gate_axes;
  const short = shortLayers(layers);
  const some = (key) => series.filter((one) => one[key]?.some(isNumber));
  const plots = [];
  if (layers?.length && some('layers').length) {
    plots.push(linePlot({
      title: `${title}, by layer`, note: 'share of tokens and steps with the gate open',
      points: layers.map((name, i) => ({name, short: short[i]})), xLabel: 'layer', yLabel: 'open', low: 0,
      format: percent, series: some('layers').map((one) => ({...one, values: one.layers})),
    }));
  }
  if (steps?.length && some('steps').length) {
    plots.push(linePlot({
      title: `${title}, by step`, note: 'share of tokens and layers with the gate open',
      points: steps.map((step) => ({name: `timestep ${plain(step)}`, short: String(Math.round(step))})),
      xLabel: 'timestep, from noise to picture', yLabel: 'open', low: 0, format: percent,
      series: some('steps').map((one) => ({...one, values: one.steps})),
    }));
  }
  return plots;
}

// The mean of lists, each counting as often as it has pictures.
function meanProfile(profiles, key) {
  const known = profiles.filter((profile) => profile[key]?.length);
  if (known.length === 0) return null;
  return known[0][key].map((_, i) => {
    const total = known.reduce((sum, profile) => sum + (profile.n ?? 1), 0);
    return known.reduce((sum, profile) => sum + (profile.n ?? 1) * (profile[key][i] ?? 0), 0) / total;
  });
}

function gatesSection() {
  const profiles = report.gate_profile ?? [];
  if (profiles.length === 0 || !report.gate_axes) return null;
  const concepts = [...new Set(profiles.map((profile) => profile.concept))];
  const sets = [...new Set(profiles.map((profile) => profile.set))];
  const chosen = {concept: '', set: sets[0]};
  const plots = el('div', {class: 'columns'});
  function draw() {
    const here = profiles.filter((profile) => profile.set === chosen.set &&
      (chosen.concept === '' || profile.concept === chosen.concept.slice(1)));
    const series = ['asked', 'not asked'].map((kind, i) => {
      const ofKind = here.filter((profile) => profile.kind === kind);
      return {
        name: kind === 'asked' ? 'prompts that ask for it' : 'other prompts', style: seriesStyle(i),
        layers: meanProfile(ofKind, 'layers'), steps: meanProfile(ofKind, 'steps'),
      };
    });
    const title = chosen.concept === '' ? 'Gates, mean of all concepts'
      : `Gate of ${shorten(chosen.concept.slice(1), 60)}`;
    plots.replaceChildren(...gatePlots(title, series));
  }
  draw();
  return el('section', {id: 'gates', 'aria-labelledby': 'gates-title'},
    el('h2', {id: 'gates-title'}, 'Gates'),
    el('div', {class: 'filters'},
      labelled('Concept', select([['', 'all, mean'], ...concepts.map((name) => [`=${name}`, shorten(name, 40)])], '',
        (value) => { chosen.concept = value; draw(); })),
      sets.length > 1 ? labelled('Set', select(sets.map((name) => [name, shorten(name, 40)]), chosen.set,
        (value) => { chosen.set = value; draw(); })) : null),
    plots);
}
