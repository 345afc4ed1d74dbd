namespace Lambda.Domain.Events;

/// <summary>
/// ISO 4217 currencies and the decimals of their minor unit. Those withdrawn since 2010 stay known, because events reach back; metals, funds and test
/// codes are left out: they have no minor unit.
/// </summary>
public static class Currencies
{
    private const string NoDecimals = "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    private const string ThreeDecimals = "BHD IQD JOD KWD LYD OMR TND";
    private const string FourDecimals = "CLF UYW";
    private const string TwoDecimals =
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE " +
        "CZK DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP " +
        "LKR LRD LSL LTL LVL MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD " +
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VEF VES WST XCD " +
        "XCG YER ZAR ZMK ZMW ZWG ZWL";

    private const int Letters = 26;
    private const sbyte Unknown = -1;

    /// <summary>Decimals by the code read as a number of three base-26 digits.</summary>
    private static readonly sbyte[] Digits = Build();

    /// <summary>Decimals of the minor unit (EUR 2, JPY 0, KWD 3); false when the code is unknown. Codes are upper case.</summary>
    public static bool TryDigits(ReadOnlySpan<byte> code, out int digits)
    {
        digits = code.Length == 3 && IndexOf(code) is var index and >= 0 ? Digits[index] : Unknown;
        return digits >= 0;
    }

    /// <summary>All codes with their decimals, ascending.</summary>
    public static IEnumerable<(string Code, int Digits)> All() =>
        from index in Enumerable.Range(0, Digits.Length)
        where Digits[index] != Unknown
        select (new string([(char)('A' + index / Letters / Letters), (char)('A' + index / Letters % Letters), (char)('A' + index % Letters)]), (int)Digits[index]);

    private static int IndexOf(ReadOnlySpan<byte> code)
    {
        int a = code[0] - 'A', b = code[1] - 'A', c = code[2] - 'A';
        return (uint)a < Letters && (uint)b < Letters && (uint)c < Letters ? (a * Letters + b) * Letters + c : -1;
    }

    private static sbyte[] Build()
    {
        var digits = new sbyte[Letters * Letters * Letters];
        Array.Fill(digits, Unknown);
        foreach (var (codes, count) in new[] { (NoDecimals, 0), (TwoDecimals, 2), (ThreeDecimals, 3), (FourDecimals, 4) })
            foreach (var code in codes.Split(' ')) digits[IndexOf([(byte)code[0], (byte)code[1], (byte)code[2]])] = (sbyte)count;
        return digits;
    }
}
