// report_renderer DOCUMENT.json PAGE.html: the report of a document, for
// report_browser_test.py.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "eval/report.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: report_renderer DOCUMENT.json PAGE.html\n";
    return 2;
  }
  try {
    std::ifstream in(argv[1]);
    std::ofstream out(argv[2], std::ios::binary);
    out << gloce::RenderReport(nlohmann::ordered_json::parse(in));
    out.close();
    if (!out) throw std::runtime_error(std::string("cannot write ") + argv[2]);
  } catch (const std::exception& e) {
    std::cerr << "report_renderer: " << e.what() << '\n';
    return 1;
  }
  return 0;
}
