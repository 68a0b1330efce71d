// Values over layers or steps.

const LINE = {left: 58, right: 12, top: 10, height: 170};

// points  {name, short}: one a place along the axis
// series  {name, style, values, spread}: `spread` (may be absent) goes up and
//         down from the value; null is a gap
function linePlot({title, note, points, series, xLabel, yLabel, format = plain, low, high}) {
  const ends = series.flatMap((one) => one.values.flatMap((value, i) => {
    const spread = one.spread?.[i] ?? 0;
    return isNumber(value) ? [value - spread, value + spread] : [];
  }));
  const ticks = ticksBetween(low ?? Math.min(...ends), high ?? Math.max(...ends));
  return plotFigure({
    title, note, series,
    draw: (width) => drawLines(width, {title, points, series, xLabel, yLabel, format, ticks}),
    table: {
      head: [xLabel, ...series.map((one) => one.name)],
      rows: points.map((point, i) => [point.name, ...series.map((one) => {
        const spread = one.spread?.[i];
        return format(one.values[i]) + (isNumber(spread) ? ` ± ${format(spread)}` : '');
      })]),
    },
  });
}

function drawLines(width, {points, series, xLabel, yLabel, format, ticks}) {
  const names = points.map((point) => shorten(point.short, 12));
  const longest = Math.max(...names.map((name) => name.length));
  const step = (width - LINE.left - LINE.right) / points.length;
  const turned = longest * 6.5 > step - 6;
  const under = turned ? Math.min(80, 14 + longest * 5) : 20;
  const bottom = LINE.top + LINE.height;
  const drawing = canvasFor(width, bottom + under + 20);
  const x = (i) => LINE.left + (i + 0.5) * step;
  const y = (value) => bottom - LINE.height * (value - ticks[0]) / (ticks.at(-1) - ticks[0]);

  for (const tick of ticks) {
    drawing.append(
      svg('path', {d: `M${LINE.left} ${y(tick)}H${width - LINE.right}`, class: 'grid-line'}),
      axisText(LINE.left - 6, y(tick) + 4, tickText(tick, ticks, format), {'text-anchor': 'end'}));
  }
  // Every name where there is room for it, else every second, third ...
  const every = Math.ceil(turned ? 13 / step : 1);
  names.forEach((name, i) => {
    if (i % every !== 0) return;
    const place = turned
      ? {'text-anchor': 'end', transform: `rotate(-45 ${x(i)} ${bottom + 12})`}
      : {'text-anchor': 'middle'};
    drawing.append(axisText(x(i), bottom + (turned ? 12 : 16), name, place));
  });
  drawing.append(
    axisText(LINE.left + (width - LINE.left - LINE.right) / 2, bottom + under + 16, xLabel,
      {'text-anchor': 'middle', class: 'axis label'}),
    axisText(11, LINE.top + LINE.height / 2, yLabel,
      {'text-anchor': 'middle', class: 'axis label',
        transform: `rotate(-90 11 ${LINE.top + LINE.height / 2})`}));

  series.forEach((one, k) => {
    // Whiskers of several series stand beside each other.
    const aside = one.spread ? (k - (series.length - 1) / 2) * Math.min(6, step / 4) : 0;
    drawing.append(drawSeries(one, points, (i) => x(i) + aside, y, format));
  });
  return drawing;
}

function drawSeries(one, points, x, y, format) {
  const group = svg('g');
  const {style, values, spread} = one;
  let path = '';
  values.forEach((value, i) => {
    if (isNumber(value)) path += `${path && isNumber(values[i - 1]) ? 'L' : 'M'}${x(i)} ${y(value)}`;
  });
  if (style.mark !== 'level') {
    group.append(svg('path', {
      d: path, fill: 'none', stroke: style.color, 'stroke-width': 1.75, 'stroke-dasharray': style.dash}));
  }
  const size = values.length > 30 ? 2.2 : 3.4;
  values.forEach((value, i) => {
    if (!isNumber(value)) return;
    const deviation = spread?.[i];
    if (isNumber(deviation)) {
      group.append(svg('path', {
        d: `M${x(i)} ${y(value - deviation)}V${y(value + deviation)}`, stroke: style.color, 'stroke-width': 1.5}));
    }
    const around = isNumber(deviation) ? ` ± ${format(deviation)}` : '';
    group.append(svg('g', {}, svg('title', {}, `${one.name}, ${points[i].name}: ${format(value)}${around}`),
      markShape(style, x(i), y(value), size)));
  });
  return group;
}
