System.Console.WriteLine("no benchmarks");
