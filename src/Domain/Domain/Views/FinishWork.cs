using System.Buffers.Binary;
using Lambda.Domain.Bytes;

namespace Lambda.Domain.Views;

/// <summary>The encoded states an answer is made of; empty spans where there is none.</summary>
internal readonly ref struct FinishSources(ReadOnlySpan<byte> batch, ReadOnlySpan<byte> closed, ReadOnlySpan<byte> open)
{
    private readonly ReadOnlySpan<byte> _batch = batch, _closed = closed, _open = open;

    public ReadOnlySpan<byte> this[int source] => source switch { 0 => _batch, 1 => _closed, _ => _open };
}

/// <summary>What was found for one key of one ring: a sum, or where the winning payload lies, or a chain of runs of distinct elements.</summary>
internal struct Accumulator
{
    public bool Any;
    public WideSum Sum;

    /// <summary>Where the payload stands: source, start, length. For distinct: <see cref="Start"/> is the index of the chain's first run.</summary>
    public int Source, Start, Length;

    public void Add(ReadOnlySpan<byte> payload)
    {
        Any = true;
        Sum += Numbers.ReadWide(payload, out _);
    }

    public readonly ReadOnlySpan<byte> Payload(in FinishSources sources) => sources[Source].Slice(Start, Length);
}

/// <summary>Scratch memory of one finish, kept per thread.</summary>
internal sealed class FinishWork
{
    private const int NoRun = -1;

    [ThreadStatic] private static FinishWork? spare;

    private Accumulator[] _accumulators = [];
    private Run[] _runs = new Run[32];
    private int _runCount;
    private UInt128[] _elements = new UInt128[64];

    private record struct Run(int Source, int Start, int Length, int Next);

    public static FinishWork Rent(int accumulators)
    {
        var work = spare ?? new FinishWork();
        spare = null;
        if (work._accumulators.Length < accumulators) work._accumulators = new Accumulator[accumulators];
        else work._accumulators.AsSpan(0, accumulators).Clear();
        work._runCount = 0;
        return work;
    }

    public static void Return(FinishWork work) => spare = work;

    public ref Accumulator this[int index] => ref _accumulators[index];

    /// <summary>Takes a cell that is not a sum into an accumulator; <paramref name="payload"/> lies in that source.</summary>
    public void Keep(ref Accumulator into, CellKind kind, in FinishSources sources, int source, ReadOnlySpan<byte> payload)
    {
        sources[source].Overlaps(payload, out var start);
        if (kind.ElementBytes() > 0)
        {
            Varint.Read(payload, out var skip);
            if (_runCount == _runs.Length) Array.Resize(ref _runs, 2 * _runCount);
            _runs[_runCount] = new Run(source, start + skip, payload.Length - skip, into.Any ? into.Start : NoRun);
            (into.Any, into.Start) = (true, _runCount++);
        }
        else if (!into.Any || !PayloadOrder.FirstWins(kind, into.Payload(sources), payload))
            (into.Any, into.Source, into.Start, into.Length) = (true, source, start, payload.Length);
    }

    /// <summary>Takes the days of the narrower window into a wider one.</summary>
    public void Join(ref Accumulator into, in Accumulator narrower, CellKind kind, in FinishSources sources)
    {
        if (!narrower.Any) return;
        if (!into.Any)
        {
            into = narrower;
            return;
        }
        if (kind == CellKind.Sum) into.Sum += narrower.Sum;
        else if (kind.ElementBytes() > 0) Append(into.Start, narrower.Start);
        else if (!PayloadOrder.FirstWins(kind, into.Payload(sources), narrower.Payload(sources))) into = narrower;
    }

    /// <summary>How many different elements the chain's runs hold together.</summary>
    public int CountDistinct(in Accumulator accumulator, in FinishSources sources, int width)
    {
        var (runs, elements) = (0, 0);
        for (var run = accumulator.Start; run != NoRun; run = _runs[run].Next) (runs, elements) = (runs + 1, elements + _runs[run].Length / width);
        return runs == 1 ? elements : runs <= 3 ? CountBySearch(accumulator.Start, sources, width) : CountBySort(accumulator.Start, sources, width, elements);
    }

    /// <summary>Behind the chain's end. Wider windows share the tails of narrower ones.</summary>
    private void Append(int chain, int tail)
    {
        while (_runs[chain].Next != NoRun) chain = _runs[chain].Next;
        _runs[chain].Next = tail;
    }

    /// <summary>For a large base and small deltas: elements of the shorter run are looked up in the longer ones.</summary>
    private int CountBySearch(int chain, in FinishSources sources, int width)
    {
        Span<Run> runs = stackalloc Run[3];
        var count = 0;
        for (var run = chain; run != NoRun; run = _runs[run].Next) runs[count++] = _runs[run];
        runs = runs[..count];
        runs.Sort((a, b) => b.Length.CompareTo(a.Length));
        var distinct = runs[0].Length / width;
        for (var i = 1; i < count; i++)
        {
            var elements = ElementsOf(runs[i], sources);
            for (var at = 0; at < elements.Length; at += width)
            {
                var found = false;
                for (var j = 0; j < i && !found; j++) found = Contains(ElementsOf(runs[j], sources), elements.Slice(at, width));
                if (!found) distinct++;
            }
        }
        return distinct;
    }

    private int CountBySort(int chain, in FinishSources sources, int width, int elements)
    {
        if (_elements.Length < elements) _elements = new UInt128[2 * elements];
        var count = 0;
        for (var run = chain; run != NoRun; run = _runs[run].Next)
            for (var from = ElementsOf(_runs[run], sources); !from.IsEmpty; from = from[width..])
                _elements[count++] = width == 8 ? BinaryPrimitives.ReadUInt64BigEndian(from) : BinaryPrimitives.ReadUInt128BigEndian(from);
        var sorted = _elements.AsSpan(0, count);
        sorted.Sort();
        var distinct = 1;
        for (var i = 1; i < count; i++)
            if (sorted[i] != sorted[i - 1]) distinct++;
        return distinct;
    }

    private static ReadOnlySpan<byte> ElementsOf(Run run, in FinishSources sources) => sources[run.Source].Slice(run.Start, run.Length);

    private static bool Contains(ReadOnlySpan<byte> sorted, ReadOnlySpan<byte> element)
    {
        var (low, high) = (0, sorted.Length / element.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = sorted.Slice(middle * element.Length, element.Length).SequenceCompareTo(element);
            if (order == 0) return true;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return false;
    }
}
