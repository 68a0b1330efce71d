// How near concepts' texts are to each other: a matrix, and the nearest pairs
// in words.

const MATRIX_NAMES = 40;  // above this a cell is too small to be seen

function similarityParts(similarity) {
  const names = similarity?.names ?? [];
  if (names.length < 2) return null;
  return el('div', {class: 'columns'},
    names.length <= MATRIX_NAMES ? similarityMatrix(similarity) : null, nearestPairs(similarity));
}

function similarityMatrix({names, values}) {
  return plotFigure({
    title: 'Similarity of concepts', note: 'cosine of their texts; the stronger the colour, the more similar',
    draw: (width) => drawMatrix(width, names, values),
  });
}

function drawMatrix(width, names, values) {
  const short = names.map((name) => shorten(name, 14));
  const left = 10 + Math.max(...short.map((name) => Array.from(name).length)) * 6.8;
  const cell = Math.max(5, Math.min(34, (width - left - 4) / names.length));
  const size = cell * names.length;
  const drawing = canvasFor(width, size + left + 4);
  const every = Math.ceil(13 / cell);
  const off = values.flatMap((row, i) => row.filter((value, j) => i !== j && isNumber(value)));
  const [low, high] = [Math.min(...off), Math.max(...off)];
  names.forEach((name, i) => {
    const middle = (i + 0.5) * cell;
    if (i % every === 0) {
      drawing.append(
        axisText(left - 6, middle + 4, short[i], {'text-anchor': 'end'}),
        axisText(left + middle, size + 12, short[i], {
          'text-anchor': 'end', transform: `rotate(-90 ${left + middle} ${size + 12}) translate(0 4)`}));
    }
    names.forEach((other, j) => {
      const value = values[i]?.[j];
      if (!isNumber(value)) return;
      // The scale is that of different concepts; one with itself tells nothing.
      // Up to where ink on it can still be read.
      const strength = i === j ? 0 : 0.45 * (value - low) / (high - low || 1);
      drawing.append(svg('rect', {
        x: left + j * cell + 0.5, y: i * cell + 0.5, width: cell - 1, height: cell - 1, rx: 1,
        class: i === j ? 'matrix self' : 'matrix', style: {'--strength': `${Math.round(100 * strength)}%`},
      }, svg('title', {}, `${name}, ${other}: ${value.toFixed(2)}`)));
      if (cell >= 24 && i !== j) {
        drawing.append(svg('text', {
          x: left + (j + 0.5) * cell, y: middle + 3.5, 'text-anchor': 'middle', class: 'matrix-text',
        }, withMinus(value.toFixed(2)).replace('0.', '.')));
      }
    });
  });
  return drawing;
}

function nearestPairs({names, values}) {
  const pairs = [];
  for (let i = 0; i < names.length; ++i) {
    for (let j = 0; j < i; ++j) {
      if (isNumber(values[i]?.[j])) pairs.push([values[i][j], names[j], names[i]]);
    }
  }
  pairs.sort((a, b) => b[0] - a[0]);
  return el('div', {class: 'card'},
    el('h3', {}, 'Nearest pairs'),
    el('p', {class: 'detail'}, 'Erasing one is likeliest to touch the other.'),
    scrollBox('Nearest pairs', el('table', {},
      el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'Concepts'), el('th', {scope: 'col'}, 'Cosine'))),
      el('tbody', {}, pairs.slice(0, 12).map(([value, a, b]) => el('tr', {},
        el('th', {scope: 'row'}, foreign(shorten(a, 40)), ' – ', foreign(shorten(b, 40))),
        el('td', {}, withMinus(value.toFixed(2)))))))));
}
