// One row at large: any two of its sets, what was found, where gates opened.

const details = {dialog: null, row: null, left: null, right: null, gate: null};

function openDetails(row) {
  details.dialog ??= document.body.appendChild(el('dialog', {
    class: 'details', tabindex: -1, 'aria-labelledby': 'details-title'}));
  const has = (set) => pictureOf(row, set) ? set : null;
  details.row = row;
  details.right = has(view.set) ?? row.pictures[0]?.set ?? null;
  details.left = view.beside === details.right ? null : has(view.beside);
  details.gate = view.gateOf(pictureOf(row, details.right) ?? {})?.concept ?? null;
  drawDetails();
  if (!details.dialog.open) details.dialog.showModal();
  details.dialog.scrollTop = 0;
}

function stepDetails(direction) {
  const next = grid.rows[grid.rows.indexOf(details.row) + direction];
  if (next) openDetails(next);
}

function drawDetails() {
  const {row} = details;
  const place = grid.rows.indexOf(row);
  const last = grid.rows.length - 1;
  // All is made anew; whoever stood on a control goes on from there.
  const focused = document.activeElement?.dataset?.part;
  const button = (text, part, disabled, onclick) =>
    el('button', {type: 'button', 'data-part': part, disabled, onclick}, text);
  details.dialog.replaceChildren(
    el('div', {class: 'details-bar'},
      el('span', {class: 'detail'}, place < 0 ? '' : `${place + 1} of ${grid.rows.length}`),
      button('← Previous', 'back', place <= 0, () => stepDetails(-1)),
      button('Next →', 'next', place < 0 || place >= last, () => stepDetails(1)),
      button('Close', 'close', false, () => details.dialog.close())),
    // A prompt that scrolls must be reached by keys.
    el('h2', {id: 'details-title', class: 'full-prompt', dir: 'auto',
      tabindex: row.prompt.length > 400 ? 0 : null}, row.prompt),
    failureList(row) ?? '',
    el('p', {class: 'detail'}, kindBadge(row.kind === 'erased'), ` seed ${row.seed} · asked for: `,
      foreign(listed(row.asked, 20)),
      row.erased.length ? [' · erased: ', foreign(listed(row.erased, 20))] : null),
    el('div', {class: 'details-columns'}, detailsPictures(), detailsFacts()));
  if (!details.dialog.open) return;
  const again = focused && details.dialog.querySelector(`[data-part="${focused}"]:not(:disabled)`);
  (again || details.dialog).focus();
}

function change(changes) {
  Object.assign(details, changes);
  drawDetails();
}

function detailsPictures() {
  const {row} = details;
  const [left, right] = [pictureOf(row, details.left), pictureOf(row, details.right)];
  if (!left && !right) return el('p', {class: 'hint'}, 'No pictures of this row are in the page.');
  const gateOf = (picture) =>
    gatesOf(picture).find((gate) => gate.concept === details.gate) ?? null;
  const sets = row.pictures.map((picture) => [picture.set, shorten(picture.set, 40)]);
  const gates = gatesOf(right);
  const shown = right && gateOf(right);
  const gateChoices = [['', 'off'], ...gates.map((gate) =>
    [`=${gate.concept}`, `${shorten(gate.concept, 40)} (${percent(gate.share)})`])];
  return el('div', {},
    compareFrame(left, right, {gateOf, name: row.prompt}),
    shown ? heatLegend(shown) : null,
    el('div', {class: 'details-controls'},
      sets.length > 1 ? [
        labelled('Left', select([['', 'none'], ...sets], details.left ?? '',
          (set) => change({left: set || null}), {'data-part': 'left'})),
        labelled('Right', select(sets, details.right, (set) => change({right: set}), {'data-part': 'right'})),
      ] : null,
      gates.length > 0 ? labelled('Gate map', select(gateChoices, shown ? `=${shown.concept}` : '',
        (value) => change({gate: value ? value.slice(1) : null}), {'data-part': 'gate'})) : null));
}

function detailsFacts() {
  const {row} = details;
  const columns = [
    ['Changed', 'changed'], ['inside', 'changed_inside'], ['outside', 'changed_outside'],
  ].filter(([, key]) => row.pictures.some((picture) => isNumber(picture[key])));
  const table = el('table', {class: 'compact'},
    el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'Set'), el('th', {scope: 'col', class: 'word'}, 'Found'),
      columns.map(([name]) => el('th', {scope: 'col'}, name)))),
    el('tbody', {}, row.pictures.map((picture) => el('tr', {},
      el('th', {scope: 'row'}, foreign(shorten(picture.set, 24)),
        el('span', {class: 'detail file'}, foreign(picture.file ?? ''))),
      el('td', {class: 'word'}, picture.found ? foreign(foundText(picture)) : '–'),
      columns.map(([, key]) => el('td', {}, percent(picture[key])))))));
  return el('div', {}, scrollBox('Sets of this row', table), detailsPlots());
}

// By layer and step of the gate that is shown, else of the most open one.
function detailsPlots() {
  const right = pictureOf(details.row, details.right);
  const gates = gatesOf(right);
  const gate = gates.find((one) => one.concept === details.gate) ?? gates[0];
  if (!gate || !report.gate_axes) return null;
  return gatePlots(`Gate of ${shorten(gate.concept, 60)}`, [{name: gate.concept, style: seriesStyle(0), ...gate}]);
}
