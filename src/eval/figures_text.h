// Figures for people and for spreadsheets.
#pragma once

#include <string>
#include <vector>

#include "eval/figures.h"

namespace gloce {

// A table with a figure a line and a folder a column: value, interval, n.
// Shares are in per cent.
std::string FiguresTable(const std::vector<Figure>& figures);

// CSV by RFC 4180: set,name,value,low,high,n; numbers in full.
std::string FiguresCsv(const std::vector<Figure>& figures);

}  // namespace gloce
