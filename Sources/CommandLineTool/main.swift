print("mosi")
