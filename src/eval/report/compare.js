// Two pictures in one frame: the left one reaches to the split, the other goes
// on from there.

// The handle is a range input over the whole frame, which brings dragging,
// touch, keys and what screen readers need.
//   left, right  pictures; one may be null
//   gateOf       picture -> the gate to draw over it, or null
function compareFrame(left, right, {gateOf, name}) {
  const shown = right ?? left;
  const frame = el('div', {class: 'compare', style: {'aspect-ratio': `${shown.width} / ${shown.height}`}});
  // Over both: what a gate saw is in the one, what came of it in the other.
  const gate = gateOf(shown) ?? (left && gateOf(left));
  const heat = gate ? [heatCanvas(gate)] : [];
  frame.append(layer(shown, 'right'));
  if (!left || !right) {
    frame.append(...heat, corner(shown.set, 'corner-left'));
    return frame;
  }
  const slider = el('input', {type: 'range', min: 0, max: 100, step: 1, value: 50,
    'aria-label': `${left.set} to the left, ${right.set} to the right: ${shorten(name, 80)}`,
    oninput: move, onkeydown: step});
  function move() {
    frame.style.setProperty('--split', `${slider.value}%`);
    slider.setAttribute('aria-valuetext', `${left.set} ${slider.value} %`);
  }
  // The browser's own step of a key, 1, is too small for a picture.
  function step(event) {
    const direction = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!direction || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    slider.value = Number(slider.value) + direction * (event.shiftKey ? 1 : 5);
    move();
  }
  frame.append(layer(left, 'left'), ...heat, slider, el('span', {class: 'split', 'aria-hidden': 'true'}),
    corner(left.set, 'corner-left'), corner(right.set, 'corner-right'));
  move();
  return frame;
}

function layer(picture, side) {
  return el('div', {class: `layer ${side}`},
    el('img', {src: picture.src, alt: `${picture.set}: ${foundText(picture)}`,
      decoding: 'async', width: picture.width, height: picture.height, draggable: 'false',
      class: picture.width < 200 ? 'small' : null}));
}

function corner(set, side) {
  return el('span', {class: `corner ${side}`, 'aria-hidden': 'true'}, foreign(shorten(set, 18)));
}

function foundText(picture) {
  if (!picture.found) return 'picture';
  return picture.found.length === 0 ? 'nothing found'
    : picture.found.map(({label, score}) => `${label} ${percent(score, 0)}`).join(', ');
}
