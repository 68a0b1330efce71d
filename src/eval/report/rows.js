// The pictures: filters, the grid, and how rows are walked through.

const PAGE = 24;  // cards that are made at first
const CHUNK = 12;  // and at a time later, between which the browser may draw

const view = {
  concept: '', kind: '', failed: false, text: '', sort: 'worst',
  set: judged?.name, beside: beside?.name, layout: 'split', gates: '', opacity: 70,
  gateOf: (picture) => view.gates === '' ? null
    : gatesOf(picture).find((gate) => view.gates === '*' || gate.concept === view.gates.slice(1)) ?? null,
};

const SORTS = {
  worst: ['Worst first', null],
  asked: ['In their order', (a, b) => a.id - b.id],
  prompt: ['By prompt', (a, b) => a.prompt.localeCompare(b.prompt)],
  changed: ['Most changed', (a, b) =>
    (pictureOf(b, view.set)?.changed ?? -1) - (pictureOf(a, view.set)?.changed ?? -1)],
};

function textOf(row) {
  return [row.prompt, ...row.asked, ...row.erased, ...row.failures, `seed ${row.seed}`,
    ...row.pictures.map((picture) => picture.file)].join('\n').toLowerCase();
}

function chosenRows() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = report.rows.filter((row) =>
    (!view.concept || row.asked.includes(view.concept) || row.erased.includes(view.concept)) &&
    (!view.kind || row.kind === view.kind) &&
    (!view.failed || row.failures.length > 0) &&
    (row.pictures.length === 0 || pictureOf(row, view.set)) &&
    (words.length === 0 || (() => {
      const text = textOf(row);
      return words.every((word) => text.includes(word));
    })()));
  return view.sort === 'worst' ? rows : rows.sort(SORTS[view.sort][1]);
}

// The section's moving parts; made by picturesSection.
const grid = {list: null, opacity: null, status: null, more: null, rows: [], made: 0, wanted: 0, run: 0};

function applyFilters() {
  grid.rows = chosenRows();
  grid.made = 0;
  grid.list.replaceChildren();
  if (grid.opacity) grid.opacity.hidden = view.gates === '';
  if (grid.rows.length === 0) {
    grid.list.append(el('p', {class: 'empty'}, 'No row is like that. ',
      el('button', {type: 'button', class: 'link', onclick: clearFilters}, 'Clear the filters')));
  }
  makeCards(PAGE);
}

// Makes cards until there are `wanted`, a chunk now and the others later.
function makeCards(wanted) {
  grid.wanted = Math.min(wanted, grid.rows.length);
  const run = ++grid.run;
  const chunk = () => {
    if (run !== grid.run) return;  // filters changed meanwhile
    const end = Math.min(grid.wanted, grid.made + CHUNK);
    grid.list.append(...grid.rows.slice(grid.made, end).map((row) => rowCard(row, view, openDetails)));
    grid.made = end;
    tellCount();
    if (grid.made < grid.wanted) requestAnimationFrame(chunk);
  };
  chunk();
}

function makeAllNow() {
  ++grid.run;
  grid.list.append(...grid.rows.slice(grid.made).map((row) => rowCard(row, view, openDetails)));
  grid.made = grid.wanted = grid.rows.length;
  tellCount();
}

function tellCount() {
  const failed = grid.rows.filter((row) => row.failures.length > 0).length;
  const all = report.rows.length;
  grid.status.textContent = `${grid.rows.length === all ? count(all, 'row') :
    `${grid.rows.length.toLocaleString('en')} of ${count(all, 'row')}`}, ${failed.toLocaleString('en')} with a failure`;
  const left = grid.rows.length - grid.wanted;
  grid.more.replaceChildren(...left <= 0 ? [] : [
    el('button', {type: 'button', onclick: () => makeCards(grid.wanted + 2 * PAGE)},
      `Show ${Math.min(left, 2 * PAGE)} more`),
    el('button', {type: 'button', onclick: () => makeCards(grid.rows.length)}, `Show all ${grid.rows.length}`),
  ]);
}

// Every control by the key of `view` that it sets, so that other parts of the
// page can set it too.
const controls = {};

function setView(changes) {
  Object.assign(view, changes);
  for (const [key, control] of Object.entries(controls)) {
    if (control.type === 'checkbox') control.checked = view[key];
    else control.value = view[key];
  }
  applyFilters();
}

function clearFilters() {
  setView({concept: '', kind: '', failed: false, text: ''});
  controls.text.focus();
}

// From elsewhere on the page.
function showPictures(changes) {
  if (!grid.list) return;
  setView({concept: '', kind: '', failed: false, text: '', ...changes});
  document.getElementById('pictures').scrollIntoView();
  controls.concept?.focus({preventScroll: true});
}

function filterBar() {
  const labels = [...new Set(report.rows.flatMap((row) => [...row.asked, ...row.erased]))].sort();
  const kinds = new Set(report.rows.map((row) => row.kind));
  const withGates = [...new Set(report.rows.flatMap((row) => row.pictures.flatMap(gatesOf))
    .map((gate) => gate.concept))].sort();
  const choose = (key, choices, attributes) =>
    controls[key] = select(choices, view[key], (value) => setView({[key]: value}), attributes);
  const named = (name) => [name, shorten(name, 40)];
  let waiting = 0;
  controls.text = el('input', {type: 'search', placeholder: 'Prompt, label, seed …', autocomplete: 'off',
    oninput: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => setView({text: controls.text.value}), 120);
    }});
  controls.failed = el('input', {type: 'checkbox', onchange: () => setView({failed: controls.failed.checked})});
  const opacity = el('input', {type: 'range', min: 10, max: 100, value: view.opacity,
    oninput: () => document.documentElement.style.setProperty('--heat', opacity.value / 100)});
  grid.opacity = withGates.length > 0 ? labelled('Opacity', opacity, {class: 'field opacity'}) : null;
  return el('form', {class: 'filters', role: 'search', 'aria-label': 'Filter the pictures',
    onsubmit: (event) => event.preventDefault()},
  labelled('Search', controls.text, {class: 'field wide'}),
  labelled('Concept', choose('concept', [['', 'all'], ...labels.map(named)])),
  kinds.size > 1
    ? labelled('Kind', choose('kind', [['', 'all'], ['erased', 'erased'], ['kept', 'kept']])) : null,
  labelled('Order', choose('sort', Object.entries(SORTS).map(([key, [text]]) => [key, text]))),
  setNames.length > 1 ? labelled('Left', choose('beside', setNames.map(named))) : null,
  setNames.length > 1 ? labelled('Right', choose('set', setNames.map(named))) : null,
  setNames.length > 1
    ? labelled('View', choose('layout', [['split', 'slider'], ['sides', 'side by side']])) : null,
  withGates.length > 0 ? labelled('Gate map', choose('gates',
    [['', 'off'], ['*', 'most open'], ...withGates.map((name) => [`=${name}`, shorten(name, 40)])])) : null,
  grid.opacity,
  el('label', {class: 'check'}, controls.failed, ' Failures only'));
}

function picturesSection() {
  if (report.rows.length === 0) return null;
  grid.list = el('div', {class: 'grid'});
  grid.status = el('p', {class: 'status', role: 'status'});
  grid.more = el('div', {class: 'more-rows'});
  const leftOut = report.rows_left_out ?? 0;
  const section = el('section', {id: 'pictures', 'aria-labelledby': 'pictures-title'},
    el('h2', {id: 'pictures-title'}, 'Pictures'),
    filterBar(), grid.status, grid.list, grid.more,
    leftOut > 0 ? el('p', {class: 'hint'},
      `${count(leftOut, 'row')} more ${leftOut === 1 ? 'is' : 'are'} in the figures but not here, ` +
      'to keep this page small.')
      : null);
  applyFilters();
  addEventListener('beforeprint', makeAllNow);
  return section;
}

// Moves the focus to the next card, or the one before; makes more if needed.
function walkRows(direction) {
  const cards = [...grid.list.querySelectorAll('.row')];
  const now = cards.indexOf(document.activeElement?.closest?.('.row'));
  const next = now < 0 ? 0 : now + direction;
  if (next >= cards.length && grid.made < grid.rows.length) {
    makeCards(grid.wanted + PAGE);
    return walkRows(direction);
  }
  const card = cards[next];
  card?.focus({preventScroll: true});
  card?.scrollIntoView({block: 'nearest'});
}
