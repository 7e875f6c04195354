import Testing

import TensorBoard
