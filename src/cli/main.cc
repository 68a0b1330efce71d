#include "cli/app.h"

int main(int argc, char** argv) { return gloce::RunGloce(argc, argv); }
