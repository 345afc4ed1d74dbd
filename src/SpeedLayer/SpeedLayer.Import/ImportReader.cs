using System.Buffers;
using System.Text.Json;
using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Import;

/// <summary>A row that could not become events.</summary>
public sealed record BadRow(long Line, string Column, string Reason, string Raw);

/// <summary>
/// Consecutive rows as requests for the ingress, one per event template: line i of each body is what line FirstLine + i − 1 of the file became, blank where it
/// became nothing, so that whatever the ingress refuses is known by its place in the file.
/// </summary>
public sealed record ImportChunk(long FirstLine, long LastLine, int Rows, IReadOnlyList<ImportBody> Bodies, IReadOnlyList<BadRow> BadRows, double Done);

public readonly record struct ImportBody(ReadOnlyMemory<byte> Lines, int Events);

/// <summary>Turns a file into chunks.</summary>
public static class ImportReader
{
    /// <param name="afterLine">Rows up to this line were imported before.</param>
    /// <exception cref="ImportMapException">The mapping names a column that the file's header does not.</exception>
    public static IEnumerable<ImportChunk> Read(SourceFile file, ImportMap map, long afterLine, int rowsPerChunk)
    {
        using var text = file.Open(map.File.Encoding, out var packed);
        using var rows = RowReader.Read(text, map.File).GetEnumerator();
        var columns = map.Columns;
        if (map.File.Header)
        {
            if (!rows.MoveNext()) yield break;
            if (columns.Count == 0) columns = [.. rows.Current.Fields.Select(f => f.Trim())];
        }
        CheckColumns(map, columns, file.Name);

        var context = new RowContext(file.Name, file.Hash, columns);
        ChunkBuilder? chunk = null;
        while (rows.MoveNext())
        {
            if (rows.Current.Line <= afterLine) continue;
            chunk ??= new ChunkBuilder(map, context, rows.Current.Line);
            chunk.Add(rows.Current);
            if (chunk.Rows < rowsPerChunk) continue;
            yield return chunk.Build((double)packed.Position / Math.Max(1, file.Bytes));
            chunk = null;
        }
        if (chunk is not null) yield return chunk.Build(1);
    }

    private static void CheckColumns(ImportMap map, IReadOnlyList<string> columns, string file)
    {
        foreach (var twice in columns.GroupBy(c => c).Where(g => g.Count() > 1)) throw new ImportMapException($"{file}: column `{twice.Key}` stands there twice");
        var used = map.Events.SelectMany(e => e.Fields.SelectMany(f => f.Source.Columns).Concat(e.Conditions.Select(c => c.Column)));
        foreach (var column in used)
            if (!columns.Contains(column)) throw new ImportMapException($"{file}: has no column `{column}`; its columns are {string.Join(", ", columns)}");
    }

    private sealed class ChunkBuilder(ImportMap map, RowContext context, long firstLine)
    {
        private readonly Body[] _bodies = [.. map.Events.Select(_ => new Body(firstLine))];
        private readonly List<BadRow> _bad = [];
        private long _lastLine;

        public int Rows { get; private set; }

        public void Add(Row row)
        {
            Rows++;
            _lastLine = row.Line;
            try
            {
                context.Set(row);
                for (var i = 0; i < _bodies.Length; i++)
                    if (EventWriter.Applies(map.Events[i], context)) _bodies[i].Add(row.Line, map.Events[i], context);
            }
            catch (BadRowException e)
            {
                foreach (var body in _bodies) body.Drop(row.Line); // all of a row or nothing
                _bad.Add(Masked(row, e));
            }
        }

        /// <summary>What stands in a column of cards' numbers is shown to nobody, also if it is none; where nobody can tell which column is which, no digit of the row.</summary>
        private BadRow Masked(Row row, BadRowException e)
        {
            if (map.CardColumns.Count == 0) return new BadRow(row.Line, e.Column, e.Message, row.Raw);
            var raw = row.Fields.Count == context.Columns.Count ? row.Raw : PanMasker.Hide(row.Raw);
            for (var i = 0; i < context.Columns.Count && i < row.Fields.Count; i++)
                if (map.CardColumns.Contains(context.Columns[i]) && row.Fields[i].Length > 0)
                    raw = raw.Contains(row.Fields[i], StringComparison.Ordinal) ? raw.Replace(row.Fields[i], PanMasker.Hide(row.Fields[i]), StringComparison.Ordinal) : PanMasker.Hide(raw);
            return new BadRow(row.Line, e.Column, map.CardColumns.Contains(e.Column) ? PanMasker.Hide(e.Message) : e.Message, raw);
        }

        public ImportChunk Build(double done) => new(firstLine, _lastLine, Rows, [.. _bodies.Select(b => b.Build())], _bad, done);
    }

    private sealed class Body(long firstLine)
    {
        private readonly ArrayBufferWriter<byte> _lines = new(1 << 16);
        private readonly ArrayBufferWriter<byte> _event = new(512);
        private Utf8JsonWriter? _writer;
        private long _line = firstLine; // the file's line that the next byte of _lines belongs to
        private (long Line, int Events) _pending = (-1, 0);
        private int _events;

        public void Add(long line, EventTemplate template, RowContext row)
        {
            Settle();
            _event.ResetWrittenCount();
            _writer ??= new Utf8JsonWriter(_event, EventWriter.Options);
            _writer.Reset();
            EventWriter.Write(_writer, template, row);
            _writer.Flush();
            _pending = (line, 1);
        }

        public void Drop(long line)
        {
            if (_pending.Line == line) _pending = (-1, 0);
        }

        public ImportBody Build()
        {
            Settle();
            return new ImportBody(_lines.WrittenMemory, _events);
        }

        /// <summary>Writes the event that waits, behind the blank lines that bring it to its place.</summary>
        private void Settle()
        {
            if (_pending.Events == 0) return;
            for (; _line < _pending.Line; _line++) _lines.Write("\n"u8);
            _lines.Write(_event.WrittenSpan);
            _events++;
            _pending = (-1, 0);
        }
    }
}
