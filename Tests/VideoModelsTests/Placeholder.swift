import Testing
import VideoModels
