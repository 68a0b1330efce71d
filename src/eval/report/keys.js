// Keys, and the help that lists them.

const KEYS = [
  ['j, k', 'next and previous row; arrows do the same on a row'],
  ['Enter', 'details of the row'],
  ['← →', 'move the split of a picture; with Shift by small steps'],
  ['/', 'search'],
  ['f', 'failures only, or all'],
  ['g', 'gate maps on or off'],
  ['Esc', 'close'],
  ['?', 'this help'],
];

function helpDialog() {
  const dialog = el('dialog', {class: 'help', 'aria-labelledby': 'help-title'},
    el('h2', {id: 'help-title'}, 'Keys'),
    el('dl', {class: 'facts-list'}, KEYS.map(([key, text]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)])),
    el('button', {type: 'button', onclick: () => dialog.close()}, 'Close'));
  return dialog;
}

function actOnKey(event, help) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  const target = event.target;
  const writes = target.matches?.('input:not([type=range], [type=checkbox], [type=radio]), select, textarea');
  if (writes) return;
  if (event.key === '?') {
    if (!help.open) help.showModal();
    return event.preventDefault();
  }
  if (help.open || !grid.list) return;
  if (details.dialog?.open) {
    const direction = {j: 1, k: -1}[event.key];
    if (direction) stepDetails(direction);
    return;
  }
  const row = target.matches?.('.row') ? target : null;
  const acts = {
    j: () => walkRows(1),
    k: () => walkRows(-1),
    '/': () => controls.text.focus(),
    f: () => setView({failed: !view.failed}),
    g: () => controls.gates && setView({gates: view.gates === '' ? '*' : ''}),
    ...(row && {
      ArrowDown: () => walkRows(1), ArrowRight: () => walkRows(1),
      ArrowUp: () => walkRows(-1), ArrowLeft: () => walkRows(-1),
      Enter: () => row.querySelector('.more').click(),
    }),
  };
  if (!Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
}
