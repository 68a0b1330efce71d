// Light or dark: as the system has it, or as the reader chose.

const THEME_KEY = 'gloce-report-theme';

// A page from a file, or in a private window, may be kept from remembering.
function rememberedTheme() {
  try {
    return localStorage.getItem(THEME_KEY) ?? '';
  } catch {
    return '';
  }
}

function setTheme(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // It holds until the page is left.
  }
}

function themeSwitch() {
  const now = rememberedTheme();
  setTheme(now);
  return el('fieldset', {class: 'theme'},
    el('legend', {class: 'unseen'}, 'Theme'),
    [['', 'Auto'], ['light', 'Light'], ['dark', 'Dark']].map(([value, text]) => el('label', {},
      el('input', {type: 'radio', name: 'theme', value, checked: value === now,
        onchange: () => setTheme(value)}),
      el('span', {}, text))));
}
