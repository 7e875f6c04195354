import Testing

import MoSI
