using System.Buffers;
using Lambda.Domain.Bytes;

namespace Lambda.SpeedLayer.Ingress;

/// <summary>Takes the lines or array elements of a body, each whole and with its number.</summary>
internal interface ILineSink
{
    void Take(ReadOnlySpan<byte> line, long number);

    /// <summary>Something that is no line at all: an array without end, or text behind it.</summary>
    void TakeBroken(ReadOnlySpan<byte> rest, long number, string what);
}

/// <summary>
/// Splits a body that comes in pieces: NDJSON (LF or CRLF), or one JSON array if its first character is `[`. Only lines that lie across pieces are copied.
/// Of an array only brackets, strings and commas are looked at; each element is then judged like a line, so bad elements do not spoil the others.
/// </summary>
internal sealed class BodySplitter
{
    private enum Mode : byte { Start, Lines, Array, AfterArray }

    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    private GrowingBytes _partial = new(4096);
    private Mode _mode;
    private long _firstNumber, _number, _seen;
    private int _depth; // open brackets inside the element
    private bool _inString, _escaped;

    internal void Reset(long firstNumber)
    {
        _firstNumber = _number = firstNumber;
        _mode = Mode.Start;
        _seen = _depth = 0;
        _inString = _escaped = false;
        if (_partial.Capacity > Limits.KeptLineBufferBytes) _partial = new GrowingBytes(4096);
        _partial.Clear();
    }

    internal void Feed(ReadOnlySpan<byte> piece, ILineSink to)
    {
        if (_mode == Mode.Start) Begin(ref piece);
        if (_mode == Mode.Lines) FeedLines(piece, to);
        if (_mode == Mode.Array) FeedArray(ref piece, to);
        if (_mode == Mode.AfterArray && piece.ContainsAnyExcept(" \t\r\n"u8)) _partial.Add(piece);
    }

    /// <summary>The body has ended.</summary>
    internal void Complete(ILineSink to)
    {
        if (_mode == Mode.Lines) Emit(default, to);
        else if (_mode == Mode.Array) to.TakeBroken(_partial.Written, _number, "the array does not end, expected `]`");
        else if (_mode == Mode.AfterArray && _partial.Length > 0) to.TakeBroken(_partial.Written, _number, "text behind the array, expected the end");
    }

    /// <summary>Skips white space and a byte order mark; the first other byte tells what the body is.</summary>
    private void Begin(ref ReadOnlySpan<byte> piece)
    {
        for (; !piece.IsEmpty; piece = piece[1..], _seen++)
        {
            var b = piece[0];
            if (b == '\n') _number++;
            if (b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' || (_seen < 3 && b is 0xef or 0xbb or 0xbf)) continue;
            _mode = b == '[' ? Mode.Array : Mode.Lines;
            if (_mode == Mode.Lines) return;
            _number = _firstNumber;
            piece = piece[1..];
            return;
        }
    }

    private void FeedLines(ReadOnlySpan<byte> piece, ILineSink to)
    {
        for (int end; (end = piece.IndexOf((byte)'\n')) >= 0; piece = piece[(end + 1)..]) Emit(piece[..end], to);
        _partial.Add(piece);
    }

    private void FeedArray(ref ReadOnlySpan<byte> piece, ILineSink to)
    {
        var start = 0;
        for (var at = 0; at < piece.Length; at++)
        {
            if (_escaped) { _escaped = false; continue; }
            if (_inString)
            {
                var next = piece[at..].IndexOfAny(StringEnds);
                if (next < 0) break;
                at += next;
                if (piece[at] == '"') _inString = false;
                else _escaped = true;
                continue;
            }
            switch (piece[at])
            {
                case (byte)'"': _inString = true; break;
                case (byte)'{' or (byte)'[': _depth++; break;
                case (byte)'}' or (byte)']' when _depth > 0: _depth--; break;
                case (byte)',' when _depth == 0:
                    Emit(piece[start..at], to, evenIfBlank: true);
                    start = at + 1;
                    break;
                case (byte)']':
                    Emit(piece[start..at], to, evenIfBlank: _number > _firstNumber); // `[]` is empty, `[x,]` lacks an element
                    _mode = Mode.AfterArray;
                    piece = piece[(at + 1)..];
                    return;
            }
        }
        _partial.Add(piece[start..]);
        piece = default;
    }

    private void Emit(ReadOnlySpan<byte> end, ILineSink to, bool evenIfBlank = false)
    {
        var line = end;
        if (_partial.Length > 0)
        {
            _partial.Add(end);
            line = _partial.Written;
        }
        line = line.Trim(" \t\r\n"u8);
        if (!line.IsEmpty || evenIfBlank) to.Take(line, _number);
        _number++;
        _partial.Clear();
    }
}
