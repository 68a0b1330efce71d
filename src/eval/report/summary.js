// What was evaluated, in a sentence, and the figures: one a row, a set a column.

function reportHead() {
  const erased = judged.concepts ?? [];
  const facts = [
    count(judged.pictures, 'picture'),
    judged.model ? `model ${judged.model}` : null,
    isNumber(judged.strength) && judged.strength !== 1 ? `strength ${setting(judged.strength)}` : null,
    ...Object.entries(report.versions ?? {}).map(([name, version]) => `${name} ${version}`),
  ];
  return el('header', {class: 'head'},
    el('h1', {dir: 'auto'}, report.title),
    el('p', {class: 'facts'}, facts.filter(Boolean).join(' · ')),
    erased.length > 0
      ? el('p', {class: 'erased-names'}, 'Erased: ', foreign(listed(erased, 12)))
      : null);
}

// Sets that may be the best one: those that erase, or all if that is one alone.
function contenders(figures) {
  const erasing = report.sets
    .filter((set) => set.role === 'erased' || set.role === 'compared')
    .map((set) => set.name);
  const among = erasing.length > 1 ? erasing : setNames;
  return figures.filter((figure) => among.includes(figure.set) && isNumber(figure.value));
}

function bestSets(figures) {
  const better = figures[0].better;
  const known = contenders(figures);
  if (known.length < 2 || !['lower', 'higher'].includes(better)) return [];
  const values = known.map((figure) => figure.value);
  const best = better === 'lower' ? Math.min(...values) : Math.max(...values);
  const holders = known.filter((figure) => figure.value === best);
  return holders.length === known.length ? [] : holders.map((figure) => figure.set);
}

// Shares are of 1 and distances count from 0; scores lie in a range of their own.
function intervalScale(unit, least, most) {
  if (unit === 'share') return [0, 1];
  if (unit === 'distance') return [Math.min(0, least), most * 1.05 || 1];
  const margin = 0.15 * (most - least) || 0.1 * Math.abs(most) || 1;
  return [least - margin, most + margin];
}

// The interval on a scale that all sets of the row share. The figures beside it
// say the same.
function intervalBar(figure, figures) {
  const ends = figures.flatMap((one) => [one.value, one.low, one.high]).filter(isNumber);
  const [low, high] = intervalScale(figure.unit, Math.min(...ends), Math.max(...ends));
  const place = (value) => `${Math.min(100, Math.max(0, 100 * (value - low) / (high - low)))}%`;
  const from = isNumber(figure.low) ? figure.low : figure.value;
  const to = isNumber(figure.high) ? figure.high : figure.value;
  return el('span', {class: 'interval', 'aria-hidden': 'true',
    style: {'--from': place(from), '--to': place(to), '--at': place(figure.value)}}, el('i'), el('b'));
}

function figureCell(figure, figures, best) {
  if (!figure || !isNumber(figure.value)) return el('td', {class: 'none'}, '–');
  const hasInterval = isNumber(figure.low) && isNumber(figure.high);
  return el('td', {class: best ? 'best' : null},
    el('span', {class: 'value'},
      best ? el('span', {class: 'best-mark'}, contenders(figures).length > 2 ? 'best' : 'better') : null,
      figureText(figure.value, figure.unit)),
    intervalBar(figure, figures),
    el('span', {class: 'detail'},
      hasInterval ? el('span', {class: 'whole'}, rangeText(figure.low, figure.high, figure.unit)) : null,
      isNumber(figure.n) ? el('span', {class: 'whole'}, `n = ${figure.n.toLocaleString('en')}`) : null));
}

const BETTER = {lower: '↓ lower is better', higher: '↑ higher is better'};

function figureRow(name) {
  const figures = report.figures.filter((figure) => figure.name === name);
  const best = bestSets(figures);
  const {label, meaning, better} = figures[0];
  return el('tr', {},
    el('th', {scope: 'row'},
      el('span', {class: 'figure-label'}, label || name),
      el('span', {class: 'detail'}, meaning ?? '',
        BETTER[better] ? el('span', {class: 'direction'}, BETTER[better]) : null)),
    setNames.map((set) => figureCell(
      figures.find((figure) => figure.set === set), figures, best.includes(set))));
}

function summarySection() {
  if (report.figures.length === 0) return null;
  const names = [...new Set(report.figures.map((figure) => figure.name))];
  const anyInterval = report.figures.some((figure) => isNumber(figure.low));
  const table = el('table', {class: 'figures'},
    el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'Figure'),
      report.sets.map((set) => el('th', {scope: 'col', class: 'set'}, foreign(shorten(set.name, 40)),
        el('span', {class: 'detail'}, ROLES[set.role] ?? set.role))))),
    el('tbody', {}, names.map(figureRow)));
  const compares = report.sets.length > 1;
  return el('section', {id: 'summary', 'aria-labelledby': 'summary-title'},
    el('h2', {id: 'summary-title'}, 'Summary'),
    scrollBox('Figures', table),
    el('p', {class: 'hint'},
      anyInterval ? 'Under a figure: its 95 % interval and the number of pictures. ' : '',
      compares ? 'Where intervals overlap, neither is clearly better.' : ''));
}

// Where the pictures came from, and which of them could not be read.
function setsSection() {
  const facts = (set) => [
    ['Role', ROLES[set.role] ?? set.role],
    ['Folder', set.folder],
    ['Pictures', isNumber(set.pictures) ? set.pictures.toLocaleString('en') : null],
    ['Model', set.model],
    ['Erasers', set.erasers],
    ['Strength', setting(set.strength)],
    ['Concepts', set.concepts?.length ? set.concepts.join(', ') : null],
  ].filter(([, value]) => value !== null && value !== undefined && value !== '');
  return el('section', {id: 'sets', 'aria-labelledby': 'sets-title'},
    el('h2', {id: 'sets-title'}, 'Sets'),
    el('div', {class: 'columns'}, report.sets.map((set) => el('div', {class: 'card set-card'},
      el('h3', {dir: 'auto'}, set.name),
      el('dl', {}, facts(set).map(([key, value]) => [el('dt', {}, key), el('dd', {dir: 'auto'}, value)])),
      set.broken?.length ? brokenList(set.broken) : null))));
}

function brokenList(broken) {
  return el('details', {class: 'broken', open: broken.length <= 5},
    el('summary', {}, el('span', {class: 'badge bad'}, `✕ ${count(broken.length, 'picture')} could not be read`)),
    el('ul', {}, broken.slice(0, 100).map(({file, message}) =>
      el('li', {}, el('code', {}, foreign(file)), ' ', foreign(message ?? '')))),
    broken.length > 100 ? el('p', {class: 'hint'}, `and ${broken.length - 100} more`) : null);
}
