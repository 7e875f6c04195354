import SafeFiles
import Testing
