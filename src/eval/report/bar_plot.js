// A value, or several, a concept: bars, and marks of what they are compared with.

// rows    {name, values}: a value a series, null for none
// series  {name, style, bar}: `bar` ones are drawn as bars below each other,
//         the others as marks over them
function barPlot({title, note, rows, series, format, high}) {
  const greatest = Math.max(0, ...rows.flatMap((row) => row.values.filter(isNumber)));
  const ticks = ticksBetween(0, high ?? (greatest || 1));
  return plotFigure({
    title, note, series,
    draw: (width) => drawBars(width, {rows, series, format, ticks}),
    table: {
      head: ['Concept', ...series.map((one) => one.name)],
      rows: rows.map((row) => [row.name, ...row.values.map(format)]),
    },
  });
}

function drawBars(width, {rows, series, format, ticks}) {
  const names = rows.map((row) => shorten(row.name, 16));
  const left = 12 + Math.max(...names.map((name) => Array.from(name).length)) * 7;
  const right = 22;
  const bars = Math.max(1, series.filter((one) => one.bar).length);
  const pitch = 10 + bars * 9;
  const bottom = rows.length * pitch + 2;
  const drawing = canvasFor(width, bottom + 20);
  const x = (value) => left + (width - left - right) * value / ticks.at(-1);
  for (const tick of ticks) {
    drawing.append(svg('path', {d: `M${x(tick)} 0V${bottom}`, class: 'grid-line'}),
      axisText(x(tick), bottom + 15, tickText(tick, ticks, format), {'text-anchor': 'middle'}));
  }
  rows.forEach((row, i) => {
    const top = i * pitch;
    drawing.append(axisText(left - 8, top + pitch / 2 + 4, names[i], {'text-anchor': 'end'}));
    let place = 0;
    series.forEach((one, k) => {
      const value = row.values[k];
      const label = svg('title', {}, `${row.name}, ${one.name}: ${format(value)}`);
      if (one.bar) {
        const y = top + 5 + 9 * place++;
        // A bar of nothing is a hairline: it was measured.
        if (isNumber(value)) {
          drawing.append(svg('rect', {
            x: left, y, width: Math.max(1.5, x(value) - left), height: 8, rx: 1, fill: one.style.color}, label));
        }
      } else if (isNumber(value)) {
        drawing.append(svg('g', {}, label, markShape(one.style, x(value), top + pitch / 2, 3.6,
          {class: 'over'})));
      }
    });
  });
  return drawing;
}
