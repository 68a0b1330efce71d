// Puts the page together.

// What the reader should know first, with ways to it.
function noticeBar() {
  const failed = report.rows.filter((row) => row.failures.length > 0).length;
  const broken = report.sets.reduce((sum, set) => sum + (set.broken?.length ?? 0), 0);
  const notices = [
    failed > 0 ? el('button', {type: 'button', class: 'badge bad', onclick: () => showPictures({failed: true})},
      `✕ ${failed.toLocaleString('en')} of ${count(report.rows.length, 'row')} with a failure`) : null,
    report.rows.length > 0 && failed === 0
      ? el('span', {class: 'badge good'}, `✓ no failure in ${count(report.rows.length, 'row')}`) : null,
    broken > 0
      ? el('a', {class: 'badge bad', href: '#sets'}, `✕ ${count(broken, 'picture')} could not be read`) : null,
  ].filter(Boolean);
  return notices.length ? el('p', {class: 'notices'}, notices) : null;
}

function drawPage() {
  document.title = report.title;
  const sections = [summarySection(), picturesSection(), conceptsSection(), gatesSection(), erasersSection(),
    setsSection()].filter(Boolean);
  const help = helpDialog();
  const bar = el('div', {class: 'bar'},
    el('nav', {'aria-label': 'Sections'}, sections.map((section) =>
      el('a', {href: `#${section.id}`}, section.querySelector('h2').textContent))),
    themeSwitch(),
    el('button', {type: 'button', 'aria-label': 'Help: keys', title: 'Keys', onclick: () => help.showModal()}, '?'));
  document.body.append(
    el('a', {class: 'skip', href: '#main'}, 'Skip to the figures'), bar,
    el('main', {id: 'main', tabindex: -1}, reportHead(), noticeBar() ?? '', ...sections), help);
  document.addEventListener('keydown', (event) => actOnKey(event, help));
}

try {
  drawPage();
} catch (error) {
  document.body.append(el('p', {class: 'fault', role: 'alert'}, `This report could not be drawn: ${error.message}`));
  throw error;
}
