using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>Replacements in a run of bytes, noted in ascending order of place and carried out together: every byte behind them moves once.</summary>
internal sealed class ByteEdits
{
    private readonly record struct Edit(int At, int Remove, int From, int Length)
    {
        public int Growth => Length - Remove;

        public int End => At + Remove;
    }

    private Edit[] _edits = new Edit[64];
    private int _count;
    private byte[] _new = new byte[1024];
    private int _used;
    private int _from; // where the bytes of the edit being written begin

    /// <summary>By how much the run grows; negative when it shrinks.</summary>
    public int Growth { get; private set; }

    public void Clear() => _count = _used = _from = Growth = 0;

    /// <summary>Keeps a place in the order for an edit known later; nothing happens there unless it is filled.</summary>
    public int Hold(int at)
    {
        Add(new Edit(at, 0, 0, 0));
        return _count - 1;
    }

    /// <summary>Makes the held edit: the bytes put since the last one replace <paramref name="remove"/> bytes.</summary>
    public void Fill(int held, int remove) => _edits[held] = Take(_edits[held].At, remove);

    /// <summary>The bytes put since the last edit replace <paramref name="remove"/> bytes at <paramref name="at"/>, counted before any edit.</summary>
    public void End(int at, int remove) => Add(Take(at, remove));

    public void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _used += bytes.Length;
    }

    public void PutVarint(ulong value) => _used += Varint.Write(Reserve(Varint.MaxBytes), value);

    public void PutHeader(int slots, int by, CellKind kind) => _used += CellKinds.WriteHeader(Reserve(CellKinds.MaxHeaderBytes), slots, by, kind);

    /// <summary>Carries the edits out; <paramref name="bytes"/> holds <paramref name="length"/> bytes and room for their growth.</summary>
    public void Apply(Span<byte> bytes, int length)
    {
        // What goes right moves from the last to the first, then what goes left from the first to the last: none is overwritten before it moved.
        var shift = Growth;
        for (var i = _count - 1; i >= 0; i--)
        {
            if (shift > 0) MoveBehind(i, bytes, length, shift);
            shift -= _edits[i].Growth;
        }
        for (var i = 0; i < _count; i++)
        {
            ref readonly var edit = ref _edits[i];
            _new.AsSpan(edit.From, edit.Length).CopyTo(bytes[(edit.At + shift)..]);
            shift += edit.Growth;
            if (shift < 0) MoveBehind(i, bytes, length, shift);
        }
    }

    private void MoveBehind(int edit, Span<byte> bytes, int length, int shift)
    {
        var from = _edits[edit].End;
        var to = edit + 1 < _count ? _edits[edit + 1].At : length;
        bytes[from..to].CopyTo(bytes[(from + shift)..]);
    }

    private Edit Take(int at, int remove)
    {
        var edit = new Edit(at, remove, _from, _used - _from);
        _from = _used;
        Growth += edit.Growth;
        return edit;
    }

    private void Add(Edit edit)
    {
        if (_count == _edits.Length) Array.Resize(ref _edits, 2 * _count);
        _edits[_count++] = edit;
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_new.Length - _used < bytes) Array.Resize(ref _new, Math.Max(2 * _new.Length, _used + bytes));
        return _new.AsSpan(_used);
    }
}
