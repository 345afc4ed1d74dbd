Console.WriteLine("lambda");
