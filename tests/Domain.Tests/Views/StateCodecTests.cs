using System.Buffers;
using FsCheck.Xunit;
using Lambda.Domain.Views;
using Xunit;

namespace Lambda.Domain.Tests.Views;

[Properties(Arbitrary = [typeof(ViewSample)], MaxTest = 200)]
public sealed class StateCodecTests
{
    [Property]
    public void Decode_OfEncode_IsTheState(ViewSample sample)
    {
        var state = sample.FoldDistinct();
        var bytes = new ArrayBufferWriter<byte>();
        state.Encode(bytes);
        var decoded = State.Decode(bytes.WrittenSpan);
        Assert.Equal(state, decoded);
        Assert.Equal(state.GetHashCode(), decoded.GetHashCode());
        Assert.Equal(sample.Log.Count > 0 && bytes.WrittenCount == 0, sample.Log.Count > 0 && state.IsEmpty);
    }

    /// <summary>Whatever is accepted is canonical: it survives a merge with nothing, and a walk over every cell, byte for byte.</summary>
    [Property]
    public void Decode_OfDamagedBytes_RefusesOrIsCanonical(ViewSample sample)
    {
        var bytes = sample.FoldDistinct().Encoded.ToArray();
        if (bytes.Length == 0) return;
        var random = sample.Random;
        for (var i = 0; i < 50; i++)
        {
            byte[] damaged = random.Next(3) switch
            {
                0 => bytes[..random.Next(bytes.Length)],
                1 => [.. bytes, (byte)random.Next(4)],
                _ => [.. bytes],
            };
            if (damaged.Length > 0) damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            State state;
            try
            {
                state = State.Decode(damaged);
            }
            catch (InvalidDataException)
            {
                continue;
            }
            Assert.Equal(damaged, Rewritten(damaged));
            Assert.Equal(damaged, state.Encoded);
        }
    }

    [Fact]
    public void Decode_OfEveryShortInput_RefusesOrIsCanonical()
    {
        for (var n = 0; n < 1 << 16; n++)
        {
            byte[] bytes = [(byte)n, (byte)(n >> 8)];
            try
            {
                State.Decode(bytes);
            }
            catch (InvalidDataException)
            {
                continue;
            }
            Assert.Equal(bytes, Rewritten(bytes));
        }
        Assert.True(State.Decode([]).IsEmpty);
    }

    /// <summary>Cell by cell through the writer: what the engine would have written.</summary>
    private static byte[] Rewritten(byte[] bytes)
    {
        var writer = new StateWriter();
        var tiles = new TileReader(bytes);
        writer.Begin();
        Copy(tiles.AllTime);
        while (tiles.MoveNext())
        {
            writer.BeginTile(tiles.Day);
            Copy(tiles.Block);
        }
        return writer.End().ToArray();

        void Copy(ReadOnlySpan<byte> block)
        {
            var cells = new CellReader(block);
            while (cells.MoveNext()) writer.Cell(cells.Slot, cells.By, cells.Kind, cells.Payload);
        }
    }
}
