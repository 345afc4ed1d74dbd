using System.IO.MemoryMappedFiles;

namespace Lambda.SpeedLayer.Base;

/// <summary>A whole file in the address space, read-only. Spans of it die with <see cref="Dispose"/>: who hands them out counts its readers.</summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;

    public MappedFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.RandomAccess);
        Length = file.Length;
        if (Length == 0) throw new InvalidDataException("it is empty");
        _mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _mapping.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    public long Length { get; }

    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_start is null, typeof(MappedFile));
        return offset >= 0 && length >= 0 && offset <= Length - length
            ? new ReadOnlySpan<byte>(_start + offset, length)
            : throw new InvalidDataException($"{length} bytes at {offset} lie outside of its {Length} bytes");
    }

    public void Dispose()
    {
        if (_start is null) return;
        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }
}
