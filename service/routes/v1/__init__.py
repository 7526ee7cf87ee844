"""Routes that existing clients know: OpenAI's chat, responses, models, embeddings; rerank."""
