import Testing

import Figures
