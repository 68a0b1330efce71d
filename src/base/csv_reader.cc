#include "base/csv_reader.h"

#include <csv.h>

#include <new>

#include "gloce/base/error.h"

namespace gloce {
namespace {

int NothingIsSpace(unsigned char /*c*/) { return 0; }

// libcsv's parser, fed a line at a time so that every row has its line number.
class Parser {
 public:
  explicit Parser(const std::string& origin) : origin_(origin) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) {
      throw std::bad_alloc();
    }
    // libcsv trims unquoted fields unless it is told that there is no space.
    csv_set_space_func(&parser_, NothingIsSpace);
    // Its buffer grows by this much at a time, 128 bytes by default.
    csv_set_blk_size(&parser_, size_t{1} << 16);
  }
  ~Parser() { csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // `line` includes its line end.
  void Feed(std::string_view line) {
    ++line_;
    if (!in_row_) row_.line = line_;
    // Set first: OnRow clears it when the row ends on this line.
    in_row_ = in_row_ || line.find_first_not_of("\r\n") != line.npos;
    const size_t used =
        csv_parse(&parser_, line.data(), line.size(), OnField, OnRow, this);
    if (used != line.size()) Fail(used);
  }

  std::vector<CsvRow> Finish() {
    if (csv_fini(&parser_, OnField, OnRow, this) != 0) {
      if (csv_error(&parser_) == CSV_ENOMEM) throw std::bad_alloc();
      throw Error(origin_ + ": line " + std::to_string(row_.line) +
                  ": broken quoting: a quoted field of the row that begins "
                  "here is never closed");
    }
    return std::move(rows_);
  }

 private:
  static void OnField(void* data, size_t size, void* self) {
    std::string field;
    if (size > 0) field.assign(static_cast<const char*>(data), size);
    static_cast<Parser*>(self)->row_.fields.push_back(std::move(field));
  }
  static void OnRow(int /*terminator*/, void* self_data) {
    auto* self = static_cast<Parser*>(self_data);
    self->rows_.push_back(std::move(self->row_));
    self->row_ = CsvRow();
    self->row_.line = self->line_;  // a lone CR may end several rows on a line
    self->in_row_ = false;
  }

  [[noreturn]] void Fail(size_t column) {
    if (csv_error(&parser_) != CSV_EPARSE) throw std::bad_alloc();
    std::string message = origin_ + ": line " + std::to_string(line_) +
                          ": broken quoting near byte " +
                          std::to_string(column + 1);
    if (row_.line != line_) {
      message += " (the row begins at line " + std::to_string(row_.line) + ")";
    }
    throw Error(message +
                ": a field that contains a quote must be quoted as a whole, "
                "with the quote written twice");
  }

  const std::string& origin_;
  csv_parser parser_{};
  std::vector<CsvRow> rows_;
  CsvRow row_;
  size_t line_ = 0;
  bool in_row_ = false;
};

}  // namespace

std::vector<CsvRow> ParseCsv(std::string_view text, const std::string& origin) {
  Parser parser(origin);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t size = end == text.npos ? text.size() : end + 1;
    parser.Feed(text.substr(0, size));
    text.remove_prefix(size);
  }
  return parser.Finish();
}

}  // namespace gloce
