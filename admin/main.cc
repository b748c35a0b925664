// posthaste: the operator's command.
#include "admin/command_line.h"

int main(int argc, char** argv) { return posthaste::admin::run(argc, argv); }
