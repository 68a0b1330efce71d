#include "eval/figures_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "base/table_cells.h"
#include "eval/text_table.h"

namespace gloce {
namespace {

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// "98.2 [95.1, 99.6] n=120"
std::string CellOf(const Figure& figure) {
  const double scale = figure.unit == "share" ? 100 : 1;
  const int digits = figure.unit == "distance" ? 4 : 1;
  std::string text = Fixed(scale * figure.value, digits);
  if (figure.interval && std::isfinite(figure.interval->low)) {
    text += " [" + Fixed(scale * figure.interval->low, digits) + ", " +
            Fixed(scale * figure.interval->high, digits) + "]";
  }
  return text + " n=" + std::to_string(figure.n);
}

// Values in the order of their first occurrence.
template <typename Get>
std::vector<std::string> Distinct(const std::vector<Figure>& figures, Get get) {
  std::vector<std::string> values;
  for (const Figure& figure : figures) {
    if (std::find(values.begin(), values.end(), get(figure)) == values.end())
      values.push_back(get(figure));
  }
  return values;
}

}  // namespace

std::string FiguresTable(const std::vector<Figure>& figures) {
  const auto sets = Distinct(figures, [](const Figure& f) { return f.set; });
  const auto names = Distinct(figures, [](const Figure& f) { return f.label; });
  std::vector<std::vector<std::string>> lines(names.size() + 1);
  lines[0].emplace_back();
  lines[0].insert(lines[0].end(), sets.begin(), sets.end());
  for (size_t i = 0; i < names.size(); ++i) {
    lines[i + 1].assign(sets.size() + 1, "");
    lines[i + 1][0] = names[i];
    if (std::any_of(figures.begin(), figures.end(), [&](const Figure& f) {
          return f.label == names[i] && f.unit == "share";
        })) {
      lines[i + 1][0] += " %";
    }
  }
  for (const Figure& figure : figures) {
    const auto line = std::find(names.begin(), names.end(), figure.label);
    const auto column = std::find(sets.begin(), sets.end(), figure.set);
    lines[static_cast<size_t>(line - names.begin()) + 1]
         [static_cast<size_t>(column - sets.begin()) + 1] = CellOf(figure);
  }
  return TextTable(lines);
}

std::string FiguresCsv(const std::vector<Figure>& figures) {
  std::string text = "set,name,value,low,high,n\r\n";
  for (const Figure& figure : figures) {
    text += CsvField(figure.set) + ',' + CsvField(figure.name) + ',' +
            CsvField(figure.value) + ',' +
            (figure.interval ? CsvField(figure.interval->low) : "") + ',' +
            (figure.interval ? CsvField(figure.interval->high) : "") + ',' +
            std::to_string(figure.n) + "\r\n";
  }
  return text;
}

}  // namespace gloce
