// The operator's command, from its arguments to its exit status.
#pragma once

namespace posthaste::admin {

/// 0 on success alone; 1 when the command failed, with the reason on standard error; 2 for wrong arguments.
int run(int argc, char** argv);

}  // namespace posthaste::admin
