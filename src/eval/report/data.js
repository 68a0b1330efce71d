// The document, and what several parts of the page ask of it.

const report = JSON.parse(document.getElementById('report-data').textContent);
const setNames = report.sets.map((set) => set.name);
const judged = report.sets[0];
// What the judged set's pictures are laid beside at first.
const beside = report.sets.find((set) => set.role === 'before') ??
    report.sets.find((set) => set.role === 'reference') ?? report.sets[1] ?? null;

const ROLES = {
  erased: 'with erasers', before: 'before erasing', reference: 'reference', compared: 'compared',
};

function pictureOf(row, set) {
  return row.pictures.find((picture) => picture.set === set) ?? null;
}

// The gates of a picture that can be drawn, the most open one first.
function gatesOf(picture) {
  return (picture?.gates ?? [])
    .filter((gate) => gate.map)
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
}

function foundShare(counts) {
  return counts && counts.n > 0 ? counts.found / counts.n : null;
}

// "down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0" → "down 0.1".
// Names that the rule does not know, or would make equal, stay as they are.
function shortLayers(layers) {
  const short = layers.map((layer) => {
    const [, place, block, attention, inner] = layer.match(
      /^(?:(down|up)_blocks\.(\d+)|mid_block)\.attentions\.(\d+)\.transformer_blocks\.(\d+)\./) ?? [];
    if (attention === undefined) return layer;
    const numbers = [block, attention, inner === '0' ? undefined : inner];
    const known = numbers.filter((number) => number !== undefined).join('.');
    return place ? `${place} ${known}` : known === '0' ? 'mid' : `mid ${known}`;
  });
  return new Set(short).size === layers.length ? short : layers;
}

// How a set, or another series of a plot, is told from the others: by colour,
// by the shape of its marks and by its line.
const SERIES = [
  {color: 'var(--s1)', mark: 'disc', dash: ''},
  {color: 'var(--s2)', mark: 'square', dash: '6 3'},
  {color: 'var(--s3)', mark: 'triangle', dash: '2 3'},
  {color: 'var(--s4)', mark: 'diamond', dash: '8 3 2 3'},
  {color: 'var(--s5)', mark: 'cross', dash: '4 2'},
  {color: 'var(--s6)', mark: 'ring', dash: '1 2'},
];
const seriesStyle = (index) => SERIES[index % SERIES.length];
