import Testing

import Torch
