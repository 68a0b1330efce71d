// A concept a row: found or not, how much changed, how open its gate was.

const badnessOf = (concept) => {
  const share = foundShare(concept.sets[judged.name]);
  return share === null ? -1 : concept.erased ? share : 1 - share;
};

// Columns that have data. `value` sorts, `show` is what a cell says.
function conceptColumns() {
  const found = setNames.map((set) => ({
    name: set, group: 'found', help: 'share of the pictures asked for in which the detector finds it',
    value: (concept) => foundShare(concept.sets[set]),
    show: (concept) => {
      const counts = concept.sets[set];
      const share = foundShare(counts);
      return share === null ? '–'
        : [percent(share, 0), el('span', {class: 'detail'}, `${counts.found} of ${counts.n}`)];
    },
  }));
  const ofJudged = [
    ['changed_inside', 'Changed inside', 'mean change in the concept’s region'],
    ['changed_outside', 'Changed outside', 'mean change elsewhere'],
    ['gate_activity', 'Gate open', 'share of tokens, layers and steps'],
  ].map(([key, name, help]) => ({
    name, help, key,
    value: (concept) => concept.sets[judged.name]?.[key] ?? null,
    show: (concept) => percent(concept.sets[judged.name]?.[key]),
  }));
  return [...found, ...ofJudged].filter(
    (column) => report.concepts.some((concept) => isNumber(column.value(concept))));
}

// Values that are missing stay at the end, whichever way it is sorted.
function sortConcepts(column, descending) {
  const concepts = [...report.concepts];
  if (!column) return concepts.sort((a, b) => badnessOf(b) - badnessOf(a));
  const sign = descending ? -1 : 1;
  return concepts.sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (typeof x === 'string' ? x.localeCompare(y) : x - y);
  });
}

function conceptTable(columns) {
  const all = [
    {name: 'Concept', value: (concept) => concept.name},
    {name: 'Kind', word: true, value: (concept) => Number(concept.erased)},
    ...columns,
  ];
  let sorted = null;
  let descending = false;
  const body = el('tbody');
  const heads = all.map((column) => el('th', {scope: 'col', class: column.word ? 'word' : null},
    el('button', {type: 'button', class: 'sort', title: column.help, onclick: () => sortBy(column)},
      column.group === 'found' ? [foreign(shorten(column.name, 24)), ' ', el('span', {class: 'detail'}, 'found')]
        : column.name)));

  function sortBy(column) {
    descending = sorted === column ? !descending : column !== all[0];
    sorted = column;
    heads.forEach((head, i) => {
      if (all[i] !== column) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    });
    draw();
  }
  function draw() {
    body.replaceChildren(...sortConcepts(sorted, descending).map((concept) => el('tr', {},
      el('th', {scope: 'row'}, el('button', {
        type: 'button', class: 'link', title: `Pictures of ${shorten(concept.name, 200)}`,
        onclick: () => showPictures({concept: concept.name})}, foreign(shorten(concept.name, 28)))),
      el('td', {class: 'word'}, kindBadge(concept.erased)),
      columns.map((column) => el('td', {}, column.show(concept))))));
  }
  draw();
  return el('table', {class: 'sortable'}, el('thead', {}, el('tr', {}, heads)), body);
}

function kindBadge(erased) {
  return el('span', {class: erased ? 'badge erased' : 'badge'}, erased ? 'erased' : 'kept');
}

function foundPlot(title, note, concepts) {
  const series = setNames.map((name, i) => ({name, style: seriesStyle(i), bar: i === 0}));
  const rows = concepts.map((concept) => ({
    name: concept.name, values: setNames.map((set) => foundShare(concept.sets[set])),
  }));
  return barPlot({title, note, rows, series, format: percent, high: 1});
}

function changePlot(concepts) {
  const parts = [['changed_inside', 'inside its region'], ['changed_outside', 'outside']];
  const rows = concepts
    .map((concept) => ({
      name: concept.name, values: parts.map(([key]) => concept.sets[judged.name]?.[key] ?? null),
    }))
    .filter((row) => row.values.some(isNumber));
  if (rows.length === 0) return null;
  const series = parts.map(([, name], i) => ({name, style: seriesStyle(i), bar: true}));
  return barPlot({title: 'How much the picture changed', format: percent, rows, series,
    note: 'mean difference from the same seed before erasing'});
}

function conceptPlots() {
  const worst = sortConcepts(null).filter((concept) => badnessOf(concept) >= 0);
  const limit = 40;
  const erased = worst.filter((concept) => concept.erased);
  const kept = worst.filter((concept) => !concept.erased);
  const note = (concepts, text) =>
    concepts.length > limit ? `${text}; the worst ${limit} of ${concepts.length}` : text;
  return [
    erased.length ? foundPlot('Erased concepts: still found', note(erased, 'shorter bars are better'),
      erased.slice(0, limit)) : null,
    kept.length ? foundPlot('Kept concepts: found', note(kept, 'longer bars are better'),
      kept.slice(0, limit)) : null,
    changePlot(erased.slice(0, limit)),
  ];
}

function conceptsSection() {
  if (report.concepts.length === 0) return null;
  const columns = conceptColumns();
  return el('section', {id: 'concepts', 'aria-labelledby': 'concepts-title'},
    el('h2', {id: 'concepts-title'}, 'Concepts'),
    el('div', {class: 'columns'}, conceptPlots()),
    scrollBox('Concepts', conceptTable(columns)),
    el('p', {class: 'hint'}, 'Worst first; a column’s title sorts by it, a concept’s name shows its pictures.'));
}
