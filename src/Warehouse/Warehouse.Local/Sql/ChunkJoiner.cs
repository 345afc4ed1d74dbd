namespace Lambda.Warehouse.Local.Sql;

/// <summary>Makes one document of the chunks of a streamed result by leaving out the headers of all but the first.</summary>
internal sealed class ChunkJoiner(Chunking chunking)
{
    private bool _isFirst = true;

    /// <summary>How many bytes of the next chunk do not belong into the document.</summary>
    internal int HeaderLength(ReadOnlySpan<byte> chunk)
    {
        if (_isFirst)
        {
            _isFirst = false;
            return 0;
        }
        return chunking switch
        {
            Chunking.OneHeaderLine => Lines(chunk, 1),
            Chunking.TwoHeaderLines => Lines(chunk, 2),
            Chunking.OneCsvLine => CsvLines(chunk, 1),
            Chunking.TwoCsvLines => CsvLines(chunk, 2),
            Chunking.BinaryNames => BinaryStrings(chunk, 1),
            Chunking.BinaryNamesAndTypes => BinaryStrings(chunk, 2),
            _ => 0,
        };
    }

    private static int Lines(ReadOnlySpan<byte> chunk, int count)
    {
        var at = 0;
        for (; count > 0; count--)
            at += chunk[at..].IndexOf((byte)'\n') + 1;
        return at;
    }

    private static int CsvLines(ReadOnlySpan<byte> chunk, int count)
    {
        var at = 0;
        var quoted = false;
        while (count > 0)
        {
            var c = chunk[at++];
            if (c == '"')
                quoted = !quoted; // a doubled quote toggles twice
            else if (c == '\n' && !quoted)
                count--;
        }
        return at;
    }

    private static int BinaryStrings(ReadOnlySpan<byte> chunk, int perColumn)
    {
        var at = 0;
        for (var left = Varint(chunk, ref at) * perColumn; left > 0; left--)
        {
            var length = Varint(chunk, ref at);
            at += length;
        }
        return at;
    }

    private static int Varint(ReadOnlySpan<byte> chunk, ref int at)
    {
        int value = 0, shift = 0;
        while (true)
        {
            var b = chunk[at++];
            value |= (b & 0x7f) << shift;
            if (b < 0x80)
                return value;
            shift += 7;
        }
    }
}
