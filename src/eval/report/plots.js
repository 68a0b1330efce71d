// What all plots share: ticks, marks, legends, a frame that is drawn anew for
// the width it has, and the same values as a table.

// Round numbers from at or below `low` to at or above `high`.
function ticksBetween(low, high, wanted = 4) {
  const rough = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({length: last - first + 1}, (_, i) => (first + i) * step);
}

// A tick's value with the digits that tell it from its neighbours.
function tickText(value, ticks, format) {
  const scale = format === percent ? 100 : 1;
  const step = (ticks[1] - ticks[0]) * scale;
  let digits = 0;
  while (digits < 6 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) ++digits;
  return withMinus((value * scale).toFixed(digits)) + (scale === 100 ? ' %' : '');
}

function markShape(style, x, y, size, attributes = {}) {
  const points = (...pairs) => pairs.map(([dx, dy]) => `${x + dx * size},${y + dy * size}`).join(' ');
  const solid = {fill: style.color, ...attributes};
  const open = {fill: 'none', stroke: style.color, 'stroke-width': 2, ...attributes};
  switch (style.mark) {
    case 'square':
      return svg('rect', {x: x - size * 0.9, y: y - size * 0.9, width: size * 1.8, height: size * 1.8, ...solid});
    case 'triangle':
      return svg('polygon', {points: points([0, -1.2], [1.1, 0.9], [-1.1, 0.9]), ...solid});
    case 'diamond':
      return svg('polygon', {points: points([0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]), ...solid});
    case 'cross':
      return svg('path', {
        d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`, ...open});
    case 'ring':
      return svg('circle', {cx: x, cy: y, r: size, ...open});
    case 'level':
      return svg('path', {d: `M${x - 2.2 * size} ${y}h${4.4 * size}`, ...open, 'stroke-width': 3});
    default:
      return svg('circle', {cx: x, cy: y, r: size, ...solid});
  }
}

// Names of series are the document's: "GLoCE", "before".
function legend(series) {
  return el('ul', {class: 'legend'}, series.map(({name, style, bar}) => {
    const key = svg('svg', {width: 26, height: 12, 'aria-hidden': 'true'});
    if (bar) {
      key.append(svg('rect', {x: 0, y: 2, width: 26, height: 8, rx: 1, fill: style.color}));
    } else {
      if (style.mark !== 'level') {
        key.append(svg('path', {
          d: 'M0 6h26', stroke: style.color, 'stroke-width': 1.5, 'stroke-dasharray': style.dash}));
      }
      key.append(markShape(style, 13, 6, 4));
    }
    return el('li', {}, key, foreign(name));
  }));
}

// The values of a plot for who cannot see it, or wants the digits.
function valueTable(title, head, rows) {
  const details = el('details', {class: 'values'}, el('summary', {}, 'Values'));
  // Made when asked for: most are never opened.
  details.addEventListener('toggle', () => {
    if (details.children.length > 1) return;
    details.append(scrollBox(`Values: ${title}`, el('table', {},
      el('thead', {}, el('tr', {}, head.map((text) => el('th', {scope: 'col'}, foreign(text))))),
      el('tbody', {}, rows.map(([name, ...cells]) => el('tr', {},
        el('th', {scope: 'row'}, foreign(name)),
        cells.map((cell) => el('td', {}, cell))))))));
  });
  return details;
}

// draw(width) makes the drawing's svg element for a width in pixels, so that
// letters have one size on a phone and on a desk.
function plotFigure({title, note, series, draw, table}) {
  const box = el('div', {class: 'plot-box'});
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(box.clientWidth);
    if (width === 0 || width === drawn) return;
    drawn = width;
    const drawing = draw(width);
    drawing.setAttribute('role', 'img');
    drawing.setAttribute('aria-label', note ? `${title}. ${note}` : title);
    box.replaceChildren(drawing);
  }).observe(box);
  return el('figure', {class: 'plot'},
    el('figcaption', {}, el('strong', {}, foreign(title)), note ? el('span', {}, note) : null),
    series?.length > 1 ? legend(series) : null, box, table ? valueTable(title, table.head, table.rows) : null);
}

function canvasFor(width, height) {
  return svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`, class: 'drawing'});
}

function axisText(x, y, text, attributes = {}) {
  return svg('text', {x, y, class: 'axis', ...attributes}, text);
}
