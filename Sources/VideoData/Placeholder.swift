// VideoData
