using Lambda.SpeedLayer.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every store of sealed digits does.</summary>
public abstract class CardDigitsSuite
{
    protected abstract ICardDigits Open();

    [SkippableFact]
    public void Digits_PutAndRemoved_AreThereUntilThen()
    {
        using (var digits = Open())
        {
            digits.Put("a", [1, 2]);
            digits.Put("a", [3]);
            digits.Put("b", [4]);
            Assert.Null(digits.Find("c"));
        }
        using var again = Open();
        Assert.Equal([1, 2], again.Find("a")!);
        Assert.Equal(1, again.Remove(["a", "c"]));
        Assert.Equal(0, again.Remove(["a"]));
        Assert.Null(again.Find("a"));
        Assert.Equal([4], again.Find("b")!);
        again.Put("a", [5]);
        Assert.Equal([5], again.Find("a")!);
    }
}
