// The binary. Everything it does is a command; the composition of each stands in a file of its own.
#include <cstdio>

#include "edge/app/version.h"

int main() {
  std::printf("%s\n", tidegate::app::version_line().c_str());
  return 0;
}
