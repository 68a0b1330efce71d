// Gate maps, drawn over a picture.

// Steps of "inferno" (matplotlib, CC0): its lightness grows with the value, so
// that it can be read without seeing colours.
const HEAT = [[0, 0, 4], [51, 10, 95], [120, 28, 109], [187, 55, 84], [237, 105, 37], [252, 181, 25],
  [252, 255, 164]];

function heatColour(share) {
  const place = Math.min(1, Math.max(0, share)) * (HEAT.length - 1);
  const i = Math.min(HEAT.length - 2, Math.floor(place));
  return HEAT[i].map((low, k) => Math.round(low + (HEAT[i + 1][k] - low) * (place - i)));
}

function mapBytes(map) {
  return Uint8Array.from(atob(map.values), (letter) => letter.charCodeAt(0));
}

// Share of layers and steps at the map's strongest place.
function strongest(map) {
  return mapBytes(map).reduce((most, byte) => Math.max(most, byte), 0) / 255;
}

// One pixel a token, which CSS stretches over the picture. The scale ends at the
// map's strongest place: most gates are open for a few steps only.
function heatCanvas(gate) {
  const {width, height} = gate.map;
  const bytes = mapBytes(gate.map);
  const most = Math.max(1, ...bytes);
  const canvas = el('canvas', {class: 'heat', width, height, role: 'img',
    'aria-label': `Where the gate of ${shorten(gate.concept, 80)} opened, at most ${percent(most / 255, 0)}`});
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; ++i) {
    const share = (bytes[i] ?? 0) / most;
    image.data.set([...heatColour(share), Math.round(255 * (0.25 + 0.75 * share))], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function heatLegend(gate) {
  const stops = HEAT.map((colour) => `rgb(${colour})`).join(', ');
  return el('div', {class: 'heat-legend'},
    el('span', {}, '0 %'),
    el('i', {style: {background: `linear-gradient(90deg, ${stops})`}, 'aria-hidden': 'true'}),
    el('span', {}, percent(strongest(gate.map), 0)),
    el('span', {class: 'detail'}, 'of layers and steps with the gate open'));
}
