import Testing
import VideoData
