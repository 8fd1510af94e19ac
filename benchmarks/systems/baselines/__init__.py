"""The rivals, each written from its paper: ``row(content, style, sample_rate) -> audio``, mono float32."""
