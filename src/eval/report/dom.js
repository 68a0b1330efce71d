// Elements, and figures as text. Whatever comes from the document goes in as
// text nodes and attributes, never as markup.

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) {
      node.addEventListener(key.slice(2), value);
    } else if (key === 'style') {
      for (const [name, text] of Object.entries(value)) node.style.setProperty(name, text);
    } else {
      node.setAttribute(key, value === true ? '' : value);
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// el('td', {class: 'figure', onclick: act}, 'text', child)
function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

// A name from outside: its direction of writing must not turn what is around it.
function foreign(text, attributes = {}) {
  return el('bdi', attributes, text);
}

function labelled(text, control, attributes = {}) {
  return el('label', {class: 'field', ...attributes}, el('span', {}, text), control);
}

// choices: [value, text] each; `chosen` is called with the value.
function select(choices, value, chosen, attributes = {}) {
  const node = el('select', {onchange: () => chosen(node.value), ...attributes},
    choices.map(([key, text]) => el('option', {value: key}, text)));
  node.value = value;
  return node;
}

// What may be wider than a phone scrolls in a box of its own, by keys too.
function scrollBox(name, content) {
  return el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name}, content);
}

function shorten(text, limit) {
  const letters = Array.from(text.slice(0, 2 * limit + 2));
  return letters.length > limit ? letters.slice(0, limit - 1).join('') + '…' : text;
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

function withMinus(text) {
  return text.replace('-', '−');
}

function percent(share, digits = 1) {
  return isNumber(share) ? `${withMinus((100 * share).toFixed(digits))} %` : '–';
}

// Three digits that count, without an exponent where one can do without.
function plain(value) {
  if (!isNumber(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return withMinus(value.toExponential(2));
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 || size === 0 ? 3 : 5;
  return withMinus(value.toFixed(digits));
}

function figureText(value, unit) {
  return unit === 'share' ? percent(value) : plain(value);
}

// A setting, as it was written: 1, 2.5
function setting(value) {
  return isNumber(value) ? withMinus(String(Number(value.toPrecision(6)))) : null;
}

// "1.1 – 5.1 %"
function rangeText(low, high, unit) {
  return `${figureText(low, unit).replace(' %', '')} – ${figureText(high, unit)}`;
}

function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

// "a, b and 3 more"
function listed(all, limit) {
  const names = all.map((name) => shorten(name, 60));
  if (names.length <= limit) {
    return names.length < 2 ? names.join('')
      : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  }
  return `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;
}
