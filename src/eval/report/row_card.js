// One prompt and seed, in the grid.

// What the detector found in a picture. A concept that should be gone is marked,
// and so is one that was asked for and is not there.
function foundList(row, picture) {
  if (!picture.found) return null;
  const missing = row.asked.filter((label) =>
    !row.erased.includes(label) && !picture.found.some((one) => one.label === label));
  const erasing = report.sets.find((set) => set.name === picture.set)?.role;
  const judgedHere = erasing === 'erased' || erasing === 'compared';
  return el('div', {class: 'found'},
    el('span', {class: 'found-set'}, foreign(shorten(picture.set, 18))),
    el('ul', {},
      picture.found.map(({label, score}) => {
        const wrong = judgedHere && row.erased.includes(label);
        return el('li', {class: wrong ? 'chip bad' : 'chip', title: wrong ? 'should be erased' : null},
          wrong ? '✕ ' : '', foreign(shorten(label, 32)), ` ${percent(score, 0)}`);
      }),
      missing.map((label) => el('li', {class: 'chip missing', title: 'asked for, not found'},
        el('s', {}, foreign(shorten(label, 32))), ' missing')),
      picture.found.length + missing.length === 0 ? el('li', {class: 'chip none'}, 'nothing') : null));
}

function failureList(row) {
  return row.failures.length === 0 ? null
    : el('ul', {class: 'failures'}, row.failures.map((text) =>
      el('li', {}, el('span', {'aria-hidden': 'true'}, '✕ '), foreign(shorten(text, 200)))));
}

// "gate of owl 3.1 %": the most open ones.
function gateWords(picture) {
  return gatesOf(picture).slice(0, 2).map((gate) =>
    el('span', {}, 'gate of ', foreign(shorten(gate.concept, 24)), ` ${percent(gate.share)}`));
}

// view  {set, beside, layout, gateOf}; open is called for the details
function rowCard(row, view, open) {
  const right = pictureOf(row, view.set);
  const left = view.beside === view.set ? null : pictureOf(row, view.beside);
  const shown = [left, right].filter(Boolean);
  const title = `row-${row.id}`;
  const about = {gateOf: view.gateOf, name: row.prompt};
  return el('article', {class: row.failures.length ? 'card row failed' : 'card row', tabindex: -1,
    'aria-labelledby': title, 'data-row': row.id},
  view.layout === 'sides' && left && right
    ? el('div', {class: 'sides'}, [left, right].map((picture) => compareFrame(null, picture, about)))
    : shown.length ? compareFrame(left, right, about) : null,
  el('div', {class: 'row-text'},
    failureList(row),
    el('h3', {id: title, class: 'prompt', dir: 'auto'}, shorten(row.prompt, 400)),
    shown.map((picture) => foundList(row, picture))),
  el('div', {class: 'row-foot detail'},
    kindBadge(row.kind === 'erased'), el('span', {}, `seed ${row.seed}`),
    isNumber(right?.changed) ? el('span', {}, `changed ${percent(right.changed)}`) : null, gateWords(right),
    el('button', {type: 'button', class: 'more', onclick: () => open(row)}, 'Details',
      el('span', {class: 'unseen'}, ` of ${shorten(row.prompt, 80)}`))));
}
