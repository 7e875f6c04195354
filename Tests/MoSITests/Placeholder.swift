import MoSI
import Testing
