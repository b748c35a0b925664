#include "common/dsn/report.h"
