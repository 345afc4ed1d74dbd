// Base files in a folder: placeholder until BaseFileWriter and BaseFile are here.
