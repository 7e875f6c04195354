import TensorBoard
import Testing
